import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { expect } from 'vitest';
import { dataFiles } from '../fixtures.ts';
import { bytesOf, type Dtype, type Plain, product, types } from './arrays.ts';
import { placesOf } from './arrow-places.ts';
import { keepsPromise } from './promise.ts';
import { type Property, property } from './property.ts';
import { expectSound, expectValues, withFile } from './reading.ts';

const floats = { F16: new arrow.Float16(), F32: new arrow.Float32(), F64: new arrow.Float64() } as const;
const numbers = {
  ...floats,
  ...{ I8: new arrow.Int8(), I16: new arrow.Int16(), I32: new arrow.Int32(), I64: new arrow.Int64() },
  ...{ U8: new arrow.Uint8(), U16: new arrow.Uint16(), U32: new arrow.Uint32(), U64: new arrow.Uint64() },
} as const;
type Floating = keyof typeof floats;
type Numeric = keyof typeof numbers;

/** A table with a column of vectors and some columns of numbers, in batches. */
interface Written {
  readonly list: 'fixed' | 'list';
  readonly vectors: Floating;
  readonly width: number;
  readonly scalars: readonly Numeric[];
  readonly batches: readonly number[];
  readonly form: 'file' | 'stream';
  readonly seed: number;
}
const written: fc.Arbitrary<Written> = fc.record({
  list: fc.constantFrom('fixed', 'list'),
  vectors: fc.constantFrom(...(Object.keys(floats) as Floating[])),
  width: fc.integer({ min: 1, max: 9 }),
  scalars: fc.array(fc.constantFrom(...(Object.keys(numbers) as Numeric[])), { maxLength: 3 }),
  batches: fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 })
    .filter((rows) => rows.some((count) => count > 0)),
  form: fc.constantFrom('file', 'stream'),
  seed: fc.nat(),
});

/** Views bytes as numbers of a type, in the form that apache-arrow takes. */
function numbersOf(dtype: Numeric, bytes: Uint8Array): arrow.Data {
  const type = numbers[dtype];
  const data = new type.ArrayType(bytes.slice().buffer as ArrayBuffer);
  return arrow.makeData({ type, length: bytes.length / types[dtype].size, data } as Parameters<
    typeof arrow.makeData
  >[0]);
}

/** Writes a table with apache-arrow's own writer. Returns the file and what its columns hold. */
function tableOf({ list, vectors, width, scalars, batches, form, seed }: Written): {
  image: Uint8Array;
  columns: Map<string, Plain>;
} {
  const item = new arrow.Field('item', floats[vectors], false);
  const type = list === 'fixed' ? new arrow.FixedSizeList(width, item) : new arrow.List(item);
  const fields = [
    new arrow.Field('v', type, false),
    ...scalars.map((dtype, i) => new arrow.Field(`s${i}`, numbers[dtype], false)),
  ];
  const parts = batches.map((rows, i) =>
    [vectors, ...scalars].map((dtype, j) =>
      bytesOf(types[dtype].size, rows * (j === 0 ? width : 1), seed + 10 * i + j),
    ),
  );
  const schema = new arrow.Schema(fields);
  const records = parts.map(([first, ...rest], i) => {
    const length = batches[i] as number;
    const child = numbersOf(vectors, first as Uint8Array);
    const valueOffsets = Int32Array.from({ length: length + 1 }, (_, row) => row * width);
    const vector = arrow.makeData({ type, length, child, ...(list === 'list' && { valueOffsets }) } as never);
    const children = [vector, ...rest.map((bytes, j) => numbersOf(scalars[j] as Numeric, bytes))];
    return new arrow.RecordBatch(schema, arrow.makeData({ type: new arrow.Struct(fields), length, children }));
  });
  const image = arrow.tableToIPC(new arrow.Table(schema, records), form);
  const rows = batches.reduce((sum, count) => sum + count, 0);
  const columns = [vectors, ...scalars].map((dtype, j): [string, Plain] => [
    j === 0 ? 'v' : `s${j - 1}`,
    {
      dtype: dtype as Dtype,
      shape: j === 0 ? [rows, width] : [rows],
      data: new Uint8Array(Buffer.concat(parts.map((part) => part[j] as Uint8Array))),
    },
  ]);
  return { image, columns: new Map(columns) };
}

const values = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    2n,
    3n,
    7n,
    8n,
    64n,
    -1n,
    -8n,
    2n ** 31n - 1n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n,
    2n ** 62n,
    -(2n ** 63n),
  ),
  // Relative to the true number, so that an offset ends up just past the end or overlaps its neighbour.
  fc.record({ by: fc.constantFrom(-64n, -8n, -1n, 1n, 8n, 64n, 4096n), times: fc.constantFrom(1n, 2n, 1n << 20n) }),
);
const lies = fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), value: values }), {
  minLength: 1,
  maxLength: 3,
});

/** Returns a copy in which some of the numbers lie. */
function lying(image: Uint8Array, told: typeof lies extends fc.Arbitrary<infer T> ? T : never): Buffer {
  const bytes = Buffer.from(image);
  const places = placesOf(image);
  for (const { at, value } of told) {
    const place = places[Math.min(places.length - 1, Math.floor(at * places.length))]!;
    const own = Buffer.alloc(8);
    bytes.copy(own, 0, place.at, place.at + place.size);
    const lie = typeof value === 'bigint' ? value : own.readBigInt64LE() * value.times + value.by;
    own.writeBigInt64LE(BigInt.asIntN(64, lie));
    own.copy(bytes, place.at, 0, place.size);
  }
  return bytes;
}

const fixtures = dataFiles('arrow')
  .map(([, path]) => path)
  .filter((path) => statSync(path).size <= 20_000);

export const arrowProperties: readonly Property[] = [
  property('arrow', 'what a writer wrote is what is read', 50, written, async (table, { folder }) => {
    const path = join(folder, 'sound.arrow');
    const { image, columns } = tableOf(table);
    writeFileSync(path, image);
    const ended = await keepsPromise({ path, bytes: image.length }, () =>
      withFile(path, async (file) => {
        for (const [name, column] of columns) {
          expect(product(file.tensors.get(name)?.shape ?? []), name).toBe(product(column.shape));
          await expectValues(file, file.tensors.get(name)!, column);
        }
      }),
    );
    expect(ended).not.toBe('refused');
  }),
  property(
    'arrow',
    'lengths, offsets, counts and types that lie are refused, or stay inside the file',
    200,
    fc.tuple(written, lies),
    async ([table, told], { folder }) => {
      const path = join(folder, 'lies.arrow');
      const image = lying(tableOf(table).image, told);
      writeFileSync(path, image);
      await keepsPromise({ path, bytes: image.length }, () => withFile(path, expectSound));
    },
  ),
  property(
    'arrow',
    'the same lies in files of other writers',
    200,
    fc.tuple(fc.constantFrom(...fixtures), lies),
    async ([original, told], { folder }) => {
      const path = join(folder, basename(original));
      const image = lying(readFileSync(original), told);
      writeFileSync(path, image);
      await keepsPromise({ path, bytes: image.length }, () => withFile(path, expectSound));
    },
  ),
];
