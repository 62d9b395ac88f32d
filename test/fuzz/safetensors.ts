import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { safetensorsImage } from '../fixtures.ts';
import { bytesOf, type Dtype, isMoot, type Plain, plain, product, types } from './arrays.ts';
import { isPolluted, jsonLies, withLies } from './json-lies.ts';
import { keepsPromise } from './promise.ts';
import { type Property, property } from './property.ts';
import { expectSound, expectValues, withFile } from './reading.ts';

const allTypes = Object.keys(types) as Dtype[];
const names = fc.uniqueArray(
  fc.oneof(fc.constantFrom('W_dec', 'b', '__proto__', 'constructor', 'a.b', '名', ''), fc.string({ maxLength: 8 })),
  {
    minLength: 1,
    maxLength: 4,
  },
);
const named = names
  .filter((all) => !all.includes('__metadata__'))
  .chain((all) => fc.tuple(...all.map((name) => plain(allTypes).map((array) => [name, array] as const))));
type Named = readonly (readonly [name: string, array: Plain])[];

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Returns the header entries of arrays that follow one another, as the format's own writer stores them. */
function entriesOf(arrays: Named): { entries: [string, Entry][]; data: Buffer } {
  let at = 0;
  const entries = arrays.map(([name, { dtype, shape, data }]): [string, Entry] => {
    at += data.length;
    return [name, { dtype, shape, data_offsets: [at - data.length, at] }];
  });
  return { entries, data: Buffer.concat(arrays.map(([, { data }]) => data)) };
}

/** Writes a header by hand, because a key may be __proto__. */
function headerOf(entries: readonly (readonly [string, unknown])[]): string {
  return `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`;
}

const lyingNumber = fc.constantFrom(
  0,
  1,
  2,
  3,
  4,
  8,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  -1,
  1.5,
);
/** Entries in which every number may be a lie: overlaps, holes, shapes that overflow, types of other sizes. */
const lyingEntries = fc.record({
  entries: fc.array(
    fc.record({
      dtype: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...allTypes) },
        fc.constantFrom('F4', 'F6_E2M3', 'C64', 'F8_E8M0', 'f32', '', '__proto__', 'X'),
      ),
      shape: fc.array(lyingNumber, { maxLength: 4 }),
      from: fc.oneof({ weight: 4, arbitrary: fc.constant('after') }, lyingNumber),
      length: fc.oneof({ weight: 4, arbitrary: fc.constant('right') }, lyingNumber),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  bytes: fc.oneof({ weight: 3, arbitrary: fc.constant('right') }, fc.constantFrom(0, 1, 8, 64, 4096)),
  header: fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    fc.constantFrom(0n, 1n, 7n, 2n ** 31n, 2n ** 32n, 99_999_999n, 100_000_001n, 2n ** 53n, 2n ** 64n - 1n),
  ),
  seed: fc.nat(),
});
type Lying = typeof lyingEntries extends fc.Arbitrary<infer T> ? T : never;

/** Returns a file, and its tensors by the rules of the format: undefined if the file breaks any of them. */
function lyingFile({ entries, bytes, header, seed }: Lying): {
  image: Uint8Array;
  truth: Map<string, Plain> | undefined;
} {
  let end = 0;
  const spans = entries.map(({ dtype, shape, from, length }, i): [string, Entry] => {
    const start = typeof from === 'number' ? from : end;
    const size = types[dtype as Dtype]?.size ?? 1;
    const right = product(shape) * size;
    end = start + (typeof length === 'number' ? length : Number.isSafeInteger(right) && right >= 0 ? right : 8);
    return [`t${i}`, { dtype, shape, data_offsets: [start, end] }];
  });
  const room = typeof bytes === 'number' ? bytes : Math.min(4096, Math.max(0, Math.floor(end)));
  const data = bytesOf(1, room, seed);
  const image = Buffer.from(safetensorsImage(headerOf(spans), data));
  if (header !== undefined) image.writeBigUInt64LE(header);
  return { image, truth: header === undefined ? truthOf(spans, data) : undefined };
}

function truthOf(spans: readonly [string, Entry][], data: Uint8Array): Map<string, Plain> | undefined {
  const truth = new Map<string, Plain>();
  let at = 0;
  const inOrder = [...spans].sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  for (const [name, { dtype, shape, data_offsets }] of inOrder) {
    const [start, end] = data_offsets;
    const size = types[dtype as Dtype]?.size;
    const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
    if (!size || start !== at || ![...shape, start, end].every(isCount)) return undefined;
    if (!Number.isSafeInteger(product(shape.map((one) => one || 1)) * size) || end - start !== product(shape) * size)
      return undefined;
    truth.set(name, { dtype: dtype as Dtype, shape, data: data.slice(start, end) });
    at = end;
  }
  return at === data.length ? truth : undefined;
}

/** A sound header, into which lies of any kind are put. */
const sound = {
  __metadata__: { format: 'pt', note: 'a' },
  W_dec: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
  b_dec: { dtype: 'BF16', shape: [3], data_offsets: [24, 30] },
};
const index = { metadata: { total_size: 30 }, weight_map: { W_dec: 'a.safetensors', b_dec: 'a.safetensors' } };

export const safetensorsProperties: readonly Property[] = [
  property('safetensors', 'what a writer wrote is what is read', 60, named, async (arrays, { folder }) => {
    const path = join(folder, 'sound.safetensors');
    const { entries, data } = entriesOf(arrays);
    const image = safetensorsImage(headerOf(entries), data);
    writeFileSync(path, image);
    const ended = await keepsPromise({ path, bytes: image.length }, () =>
      withFile(path, async (file) => {
        expect([...file.tensors.keys()].sort()).toEqual(arrays.map(([name]) => name).sort());
        for (const [name, array] of arrays) await expectValues(file, file.tensors.get(name)!, array);
      }),
    );
    expect(ended).not.toBe('refused');
  }),
  property(
    'safetensors',
    'entries that break a rule are refused, others are read',
    150,
    lyingEntries,
    async (lies, { folder }) => {
      if (lies.entries.some(({ shape }) => isMoot(shape))) return;
      const path = join(folder, 'lies.safetensors');
      const { image, truth } = lyingFile(lies);
      writeFileSync(path, image);
      const ended = await keepsPromise({ path, bytes: image.length }, () =>
        withFile(path, async (file) => {
          for (const [name, tensor] of file.tensors) {
            // A file that breaks a rule may still be read if it has a tensor of a type that is not decoded: the size of
            // that tensor is not checked.
            if (truth || file.undecodable.size === 0) await expectValues(file, tensor, truth!.get(name)!);
          }
          await expectSound(file);
        }),
      );
      if (truth) expect(ended).not.toBe('refused');
    },
  ),
  property(
    'safetensors',
    'any JSON anywhere in a header is refused or understood',
    120,
    jsonLies,
    async (lies, { folder }) => {
      const path = join(folder, 'header.safetensors');
      const image = safetensorsImage(withLies(sound, lies), bytesOf(1, 30, 1));
      writeFileSync(path, image);
      await keepsPromise({ path, bytes: image.length }, () => withFile(path, expectSound));
      expect(isPolluted()).toBe(false);
    },
  ),
  property(
    'safetensors index',
    'any JSON anywhere in an index is refused or understood',
    120,
    jsonLies,
    async (lies, { folder }) => {
      const shards = join(folder, 'shards');
      const path = join(shards, 'model.safetensors.index.json');
      mkdirSync(shards, { recursive: true });
      const { __metadata__: _, ...tensors } = sound;
      writeFileSync(join(shards, 'a.safetensors'), safetensorsImage(JSON.stringify(tensors), bytesOf(1, 30, 1)));
      const text = withLies(index, lies);
      writeFileSync(path, text);
      // The error may be about a shard, which must be in the same folder.
      await keepsPromise({ path: shards, bytes: text.length }, () => withFile(path, expectSound));
      expect(isPolluted()).toBe(false);
    },
  ),
];
