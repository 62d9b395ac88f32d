import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { type Plain, plain } from './arrays.ts';
import { type NpyForm, npyForm, npyOf, npyTypes } from './npy.ts';
import { keepsPromise } from './promise.ts';
import { type Property, property } from './property.ts';
import { expectValues, withFile } from './reading.ts';
import { type ZipEndLies, type ZipLies, type ZipPart, zipOf } from './zip-writer.ts';

/** An array in an archive, and how it is stored there. */
interface Member {
  readonly array: Plain;
  readonly form: NpyForm;
  readonly part: Omit<ZipPart, 'name' | 'data'>;
}

/** Generates a field that lies in a few cases; undefined keeps the true value. */
const lie = (...values: number[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, fc.constantFrom(...values));
const sizes = [0, 1, 79, 128, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 53, -1];
const names = [
  '',
  '/etc/a.npy',
  '../a.npy',
  'a\\..\\b.npy',
  'C:\\a.npy',
  'a\u0000.npy',
  'a.pkl',
  'archive/data.pkl',
  'a/',
  'm0.npy',
  '__proto__.npy',
  '\ud800.npy',
];
const lies: fc.Arbitrary<ZipLies> = fc
  .record({
    name: fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, fc.constantFrom(...names)),
    method: lie(0, 8, 9, 12, 14, 93, 99, 65_535),
    flags: lie(1, 8, 0x40, 0x41, 0x800, 0x2000, 0xffff),
    crc: lie(0, 1, 0xffffffff),
    compressedSize: lie(...sizes),
    size: lie(...sizes),
    headerOffset: lie(...sizes),
  })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as ZipLies);
const endLies: fc.Arbitrary<ZipEndLies> = fc
  .record({
    count: lie(0, 1, 2, 65_535, 2 ** 32, 2 ** 53),
    length: lie(...sizes),
    offset: lie(...sizes),
    comment: lie(1, 65_535),
    zip64: fc.boolean(),
  })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as ZipEndLies);

const none: fc.Arbitrary<ZipLies> = fc.constant({});
const member = (told: fc.Arbitrary<ZipLies>): fc.Arbitrary<Member> =>
  fc.record({
    array: plain(npyTypes),
    form: npyForm,
    part: fc.record({
      deflated: fc.boolean(),
      descriptor: fc.boolean(),
      zip64: fc.boolean(),
      local: told,
      central: told,
    }),
  });
const members = (told: fc.Arbitrary<ZipLies>) => fc.array(member(told), { minLength: 1, maxLength: 3 });

function archive(all: readonly Member[], end?: ZipEndLies): Buffer {
  return zipOf(
    all.map(({ array, form, part }, i) => ({ ...part, name: `m${i}.npy`, data: npyOf(array, form) })),
    end,
  );
}

/** Zeros that deflate to almost nothing, in an archive that usually claims many more of them. */
const bomb = fc.record({
  claimed: fc.constantFrom(2 ** 16, 2 ** 27, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53 - 1),
  real: fc.constantFrom(0, 1, 2 ** 14, 2 ** 16),
  saysSo: fc.boolean(),
});

export const npzProperties: readonly Property[] = [
  property(
    'npz',
    'what a writer wrote is what is read',
    50,
    fc.tuple(members(none), fc.boolean()),
    async ([all, zip64], { folder }) => {
      const path = join(folder, 'sound.npz');
      const image = archive(all, { zip64 });
      writeFileSync(path, image);
      const ended = await keepsPromise({ path, bytes: image.length }, () =>
        withFile(path, async (file) => {
          expect(file.tensors.size).toBe(all.length);
          for (const [i, { array }] of all.entries()) await expectValues(file, file.tensors.get(`m${i}`)!, array);
        }),
      );
      expect(ended).not.toBe('refused');
    },
  ),
  property(
    'npz',
    'an archive that lies gives the arrays that were put in, or none',
    200,
    fc.tuple(members(lies), endLies),
    async ([all, end], { folder }) => {
      const path = join(folder, 'lies.npz');
      const image = archive(all, end);
      writeFileSync(path, image);
      const written = all.map(({ array, form }) => Buffer.from(npyOf(array, form)));
      await keepsPromise({ path, bytes: image.length }, () =>
        withFile(path, async (file) => {
          for (const tensor of file.tensors.values()) {
            // Its name and position may be lies, but the checksum ensures that it is one of the arrays put in.
            const own = all.filter(
              (_, i) => written[i]?.length === tensor.bytes.size && tensor.dtype === all[i]?.array.dtype,
            );
            const matches = await Promise.allSettled(own.map(({ array }) => expectValues(file, tensor, array)));
            if (!matches.some(({ status }) => status === 'fulfilled'))
              throw (matches[0] as PromiseRejectedResult).reason;
          }
        }),
      );
    },
  ),
  property('npz', 'a bomb does not go off', 40, bomb, async ({ claimed, real, saysSo }, { folder }) => {
    const path = join(folder, 'bomb.npz');
    const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${claimed},), }`.padEnd(117);
    const data = Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
      Buffer.from(`${header}\n`),
      Buffer.alloc(real),
    ]);
    const central = saysSo ? { size: 128 + claimed } : {};
    const image = zipOf([{ name: 'a.npy', data, deflated: true, descriptor: false, zip64: false, local: {}, central }]);
    writeFileSync(path, image);
    const read = () =>
      withFile(path, (file) =>
        expectValues(file, file.tensors.get('a')!, { dtype: 'U8', shape: [real], data: Buffer.alloc(real) }),
      );
    expect(await keepsPromise({ path, bytes: image.length }, read)).toBe(claimed === real ? undefined : 'refused');
  }),
];
