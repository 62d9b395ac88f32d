import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { isPolluted, jsonLies, withLies } from './json-lies.ts';
import { keepsPromise } from './promise.ts';
import { type Property, property } from './property.ts';
import { expectSound, expectValues, withFile } from './reading.ts';

/** Numbers in the forms in which people may write them in JSON. */
const written = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? '-0.0' : String(value))),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential()),
  fc.integer().map(String),
  fc
    .tuple(fc.integer(), fc.stringMatching(/^\d{1,30}$/), fc.integer({ min: -60, max: 37 }))
    .map(([whole, rest, power]) => `${whole}.${rest}E${power}`),
  fc.constantFrom(
    '-0',
    '0.1',
    '1e-400',
    '3.4028235677973366e38',
    '16777217',
    '0.30000001192092896',
    '9007199254740993',
  ),
);
const rows = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([height, width]) =>
    fc.array(fc.array(written, { minLength: width, maxLength: width }), { minLength: height, maxLength: height }),
  );

function doubles(matrix: readonly (readonly string[])[], single: boolean): Uint8Array {
  const numbers = matrix.flat().map(Number);
  return new Uint8Array(Float64Array.from(numbers, (value) => (single ? Math.fround(value) : value)).buffer);
}

const shapeOf = (matrix: readonly (readonly string[])[]) => [matrix.length, (matrix[0] as readonly string[]).length];
const documents = [
  { vector: [0.5, -1, 2], bias: 1 },
  {
    W_dec: [
      [1, 2],
      [3, 4],
    ],
    b: [1, 2],
  },
  [[1, 2, 3]],
  [0.25, 1e-9],
];
const line = { index: 3, vector: [0.5, 1.5], name: 'a', metadata: { sparsity: -3 } };

export const jsonProperties: readonly Property[] = [
  property(
    'json',
    'numbers however written are read as they are',
    60,
    fc.tuple(rows, fc.boolean()),
    async ([matrix, isNamed], { folder }) => {
      const path = join(folder, 'sound.json');
      const text = `[${matrix.map((row) => `[${row.join(', ')}]`).join(',\n')}]`;
      writeFileSync(path, isNamed ? `{"x": ${text}}` : text);
      const expected = { dtype: 'F64', shape: shapeOf(matrix), data: doubles(matrix, false) } as const;
      const read = () => withFile(path, (file) => expectValues(file, file.tensors.get(isNamed ? 'x' : '')!, expected));
      expect(await keepsPromise({ path, bytes: text.length }, read)).not.toBe('refused');
    },
  ),
  property('jsonl', 'rows however written are read as they are', 60, rows, async (matrix, { folder }) => {
    const path = join(folder, 'sound.jsonl');
    const text = matrix.map((row, i) => `{"index": ${i * 7}, "vector": [${row.join(',')}]}`).join('\n');
    writeFileSync(path, text);
    const numbers = Float32Array.from(matrix.flat().map(Number));
    const expected = { dtype: 'F32', shape: shapeOf(matrix), data: new Uint8Array(numbers.buffer) } as const;
    const read = () => withFile(path, (file) => expectValues(file, file.tensors.get('vector')!, expected));
    expect(await keepsPromise({ path, bytes: text.length }, read)).not.toBe('refused');
  }),
  property(
    'json',
    'any JSON anywhere is refused or understood',
    120,
    fc.tuple(fc.constantFrom(...documents), jsonLies),
    async ([document, lies], { folder }) => {
      const path = join(folder, 'lies.json');
      const text = withLies(document, lies);
      writeFileSync(path, text);
      await keepsPromise({ path, bytes: text.length }, () => withFile(path, expectSound));
      expect(isPolluted()).toBe(false);
    },
  ),
  property(
    'jsonl',
    'any JSON anywhere in a line is refused or understood',
    120,
    fc.tuple(jsonLies, jsonLies),
    async ([first, second], { folder }) => {
      const path = join(folder, 'lies.jsonl');
      const text = [
        JSON.stringify(line),
        withLies({ ...line, index: 4 }, first),
        withLies({ ...line, index: 5 }, second),
      ].join('\n');
      writeFileSync(path, text);
      await keepsPromise({ path, bytes: text.length }, () => withFile(path, expectSound));
      expect(isPolluted()).toBe(false);
    },
  ),
];
