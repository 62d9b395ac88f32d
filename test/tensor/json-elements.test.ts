import { describe, expect, it } from 'vitest';
import { memoryBytes } from '../../src/tensor/byte-source.ts';
import { cutElements, readElements } from '../../src/tensor/json-elements.ts';
import { seededRandom } from '../seeded-random.ts';

/** Reads the values of a text, each checked to lie where it is said to, and the object around them. */
async function elementsOf(text: string) {
  const bytes = Buffer.from(text);
  const values: unknown[] = [];
  const chunks: Uint8Array[] = [];
  // Looked at once: there are tens of thousands.
  const elsewhere: number[] = [];
  const around = await readElements(memoryBytes(bytes), {
    key: 'features',
    onChunk: (chunk) => chunks.push(chunk),
    onElement: ({ text: value, start }) => {
      if (!bytes.subarray(start, start + value.length).equals(value)) elsewhere.push(start);
      values.push(JSON.parse(value.toString()));
    },
  });
  expect(elsewhere).toEqual([]);
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  return { values, around };
}

/** The same for text that comes one byte at a time. */
function byteByByte(text: string) {
  const values: unknown[] = [];
  const cutter = cutElements('features', ({ text: value }) => values.push(JSON.parse(value.toString())));
  for (const byte of Buffer.from(text)) cutter.take(Uint8Array.of(byte));
  return { values, around: JSON.parse(cutter.outside().toString()) };
}

describe('the values of an array in a JSON object', () => {
  it.each([
    ['if there are none', { features: [] }],
    ['of all types', { features: [1, 'a', null, true, [], {}, [[1], 2], { features: [1] }] }],
    ['with brackets, quotes and commas in strings', { a: '"features": [', features: ['],[', '\\', '\\"', '{', ',,'] }],
    ['between other fields', { x: { features: [9] }, y: [[1], [2]], features: [{ a: [1, 2] }], z: 'é€😀' }],
    ['under a key that other keys end with', { 'a"features': [1], 'my features': [2], features: [3] }],
  ])('are read %s', async (_, object) => {
    for (const text of [JSON.stringify(object), JSON.stringify(object, undefined, 2)]) {
      const { values, around } = await elementsOf(text);
      expect(values).toEqual(object.features);
      expect(around).toEqual({ ...object, features: [] });
      expect(byteByByte(text)).toEqual({ values, around });
    }
  });

  it('are read across chunks, wherever those end', async () => {
    const random = seededRandom(3);
    for (const before of [(1 << 20) - 30, (1 << 20) - 20, (1 << 20) - 12, (1 << 20) - 5]) {
      const features = Array.from({ length: 40_000 }, (_, i) => ({ i, t: `"],${'€'.repeat(random() * 9)}\\` }));
      const text = JSON.stringify({ pad: ' '.repeat(before), features, end: 1 });
      const { values, around } = await elementsOf(text);
      expect(JSON.stringify(values) === JSON.stringify(features)).toBe(true);
      expect(around).toMatchObject({ features: [], end: 1 });
    }
  });

  it.each([
    ['{"features":[1,]}', 'a comma without a value'],
    ['{"features":[,1]}', 'a comma before a value'],
    ['{"features":[1 2]}', 'a missing comma'],
    ['{"features":[{"a":[1}]}', 'mismatched brackets'],
    ['{"features":[1}', 'an array closed as an object'],
    ['{"features":[1,2', 'cut off in the array'],
    ['{"features":["a', 'cut off in a string'],
    ['{"features":[1]', 'cut off after the array'],
    ['{"features":[1]}}', 'closed twice'],
    ['{"features":[1],}', 'a comma after the array'],
    ['', 'empty'],
  ])('%s is refused: %s', async (text) => {
    await expect(elementsOf(text)).rejects.toThrow(SyntaxError);
  });

  it('are none if the text has no such array, and all of it is returned, up to a size', async () => {
    expect(await elementsOf('[[1],[2]]')).toEqual({ values: [], around: [[1], [2]] });
    const endless = `{"a":"${' '.repeat(65 << 20)}"}`;
    await expect(elementsOf(endless)).rejects.toThrow('longer than 67108864 bytes');
  });
});
