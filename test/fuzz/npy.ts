import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { npyImageOf } from '../fixtures.ts';
import { bytesOf, type Dtype, inFortranOrder, isMoot, type Plain, plain, product, swapped, types } from './arrays.ts';
import { keepsPromise } from './promise.ts';
import { type Property, property } from './property.ts';
import { expectValues, withFile } from './reading.ts';

/** numpy's names of the element types, without the character for the byte order. */
const descrOf: Partial<Record<Dtype, string>> = {
  F16: 'f2',
  F32: 'f4',
  F64: 'f8',
  I8: 'i1',
  I16: 'i2',
  I32: 'i4',
  I64: 'i8',
  U8: 'u1',
  U16: 'u2',
  U32: 'u4',
  U64: 'u8',
  BOOL: 'b1',
};
export const npyTypes = Object.keys(descrOf) as Dtype[];

/** The forms in which numpy may write an array. */
export interface NpyForm {
  readonly version: 1 | 2 | 3;
  readonly fortran: boolean;
  readonly big: boolean;
}
export const npyForm: fc.Arbitrary<NpyForm> = fc.record({
  version: fc.constantFrom(1, 2, 3),
  fortran: fc.boolean(),
  big: fc.boolean(),
});

/** Writes an array as an .npy file, as numpy's own `lib/format.py` describes it. */
export function npyOf(array: Plain, { version, fortran, big }: NpyForm): Uint8Array {
  const { size } = types[array.dtype];
  const order = size === 1 ? '|' : big ? '>' : '<';
  const header = headerText(`'${order}${descrOf[array.dtype]}'`, fortran ? 'True' : 'False', tuple(array.shape));
  const data = fortran ? inFortranOrder(array) : array.data;
  return npyImageOf(version, header, big ? swapped(size, data) : data);
}

function tuple(shape: readonly (number | string)[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
}

function headerText(descr: string, fortran: string, shape: string, more = ''): string {
  return `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, ${more}}`.padEnd(117).concat('\n');
}

/** Lengths whose products exceed 2^31, 2^32, 2^53 or what a double can hold, and texts that are not lengths. */
const lyingLength = fc.constantFrom<string | number>(
  ...[0, 1, 2, 3, 5, 65_536, 65_537, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1],
  ...['9007199254740992', '9007199254740993', '18446744073709551615', '-1', '3L', '1.5', '1e3', '1_0', 'True'],
  ...["'3'", '(2,)', 'None', `1${'0'.repeat(400)}`, '٣'],
);
const shapeText = fc.oneof(
  { weight: 6, arbitrary: fc.array(lyingLength, { maxLength: 4 }).map(tuple) },
  fc.array(fc.constantFrom(1, 2), { minLength: 20, maxLength: 2000 }).map(tuple),
  fc.constantFrom('(3)', '3', '[2, 3]', '(', '()', '(,)', '{}', "'(3,)'", `${'('.repeat(5000)}${')'.repeat(5000)}`),
);
const descrText = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ...npyTypes.flatMap((dtype) => ['<', '>'].map((order) => `'${order}${descrOf[dtype]}'`)),
    ),
  },
  fc.constantFrom("'=f4'", "'f4'", "'|b1'", "'|O'", "'O'", "'|V2'", "'<U5'", "'|S3'", "'<c8'", "'<M8[ns]'", "'<f16'"),
  fc.constantFrom(
    "[('a', '<f4'), ('b', '<i8')]",
    "[('a', [('b', '<f4')], (2,))]",
    "('<f4', (3,))",
    'None',
    '4',
    "'<f4",
    "'<f04'",
    '"<f4"',
  ),
);
const lengthLie = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  fc.constantFrom(0, 1, 40, 200, 10_001, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
);

/** An .npy file in which anything may be a lie. Whatever is not a lie is as numpy would have written it. */
const lies = fc.record({
  version: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(1, 2, 3) }, fc.constantFrom(0, 4, 255)),
  descr: descrText,
  fortran: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('True', 'False') },
    fc.constantFrom('None', '1', "'True'", 'true'),
  ),
  shape: shapeText,
  more: fc.oneof(
    { weight: 8, arbitrary: fc.constant('') },
    fc.constantFrom("'descr': '<f8'", "'x': 1", '__proto__', '}', "'a': {}"),
  ),
  length: lengthLie,
  bytes: fc.constantFrom(0, 1, 7, 8, 24, 64, 400, 4096),
  seed: fc.nat(),
});
type Lies = typeof lies extends fc.Arbitrary<infer T> ? T : never;

function lyingImage({ version, descr, fortran, shape, more, length, bytes, seed }: Lies): Uint8Array {
  const image = Buffer.from(npyImageOf(version, headerText(descr, fortran, shape, more), bytesOf(1, bytes, seed)));
  if (length !== undefined && version === 1) image.writeUInt16LE(length % 65_536, 8);
  else if (length !== undefined) image.writeUInt32LE(length, 8);
  return image;
}

/** Returns the array that a header claims, or undefined if anything in the header is untrue. */
function claimed({ version, descr, fortran, shape, more, length, bytes, seed }: Lies): (Plain & NpyForm) | undefined {
  const dtype = npyTypes.find((one) => descr.replaceAll('"', "'").replace(/[<>=|]/, '') === `'${descrOf[one]}'`);
  // Python 2 wrote long integers with an L. A list, or (3) instead of (3,), is not a lie about the length.
  const isTuple = /^[[(](?:\d+L?(?:, \d+L?)*,?)?[\])]$/.test(shape);
  const lengths = isTuple ? (shape.match(/\d+/g) ?? []).map(Number) : undefined;
  if (!dtype || !lengths || more !== '' || length !== undefined || version < 1 || version > 3) return undefined;
  if (!['True', 'False'].includes(fortran) || !lengths.every(Number.isSafeInteger)) return undefined;
  const needed = product(lengths.map((one) => one || 1)) * types[dtype].size;
  if (!Number.isSafeInteger(needed) || (!lengths.includes(0) && needed > bytes)) return undefined;
  const stored = bytesOf(1, bytes, seed).subarray(0, lengths.includes(0) ? 0 : needed);
  const form = { version: version as 1, fortran: fortran === 'True', big: descr.includes('>') };
  const little = form.big ? swapped(types[dtype].size, stored) : stored;
  // Fortran order of the reversed shape is C order, so this turns the data back.
  const turned = { dtype, shape: [...lengths].reverse(), data: little };
  return { dtype, shape: lengths, data: form.fortran ? inFortranOrder(turned) : little, ...form };
}

export const npyProperties: readonly Property[] = [
  property(
    'npy',
    'what a writer wrote is what is read',
    60,
    fc.tuple(plain(npyTypes), npyForm),
    async ([array, form], { folder }) => {
      const path = join(folder, 'array.npy');
      const image = npyOf(array, form);
      writeFileSync(path, image);
      const read = () => withFile(path, (file) => expectValues(file, file.tensors.get('')!, array));
      expect(await keepsPromise({ path, bytes: image.length }, read)).not.toBe('refused');
    },
  ),
  property('npy', 'a header that lies is refused, a true one is believed', 120, lies, async (lie, { folder }) => {
    if (isMoot((lie.shape.match(/\d+/g) ?? []).map(Number))) return;
    const path = join(folder, 'lie.npy');
    const image = lyingImage(lie);
    writeFileSync(path, image);
    const truth = claimed(lie);
    const ended = await keepsPromise({ path, bytes: image.length }, () =>
      withFile(path, async (file) => {
        expect(truth, 'a header that cannot be true was believed').toBeDefined();
        await expectValues(file, file.tensors.get('')!, truth!);
      }),
    );
    if (truth) expect(ended).not.toBe('refused');
  }),
];
