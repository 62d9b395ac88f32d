import { readdirSync, readlinkSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import type { TensorFile } from '../../src/formats/format.ts';
import { flatRow, matrixOf } from '../../src/tensor/tensor.ts';
import { fixture, npyImage, opened, tempFolder } from '../fixtures.ts';
import { readRows } from '../tensor/logical-order.ts';

const [rows, width] = [3500, 1000];
const valueAt = (row: number, column: number) => row * width + column;
const values = Float32Array.from({ length: rows * width }, (_, i) => i);

/** Zips members as a plain archiver does; `method` 8 deflates. */
function zip(members: Record<string, Uint8Array>, method: 0 | 8): Uint8Array {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, data] of Object.entries(members)) {
    const packed = method === 8 ? deflateRawSync(data, { level: 1 }) : data;
    const [header, entry] = [Buffer.alloc(30), Buffer.alloc(46)];
    header.writeUInt32LE(0x04034b50);
    header.writeUInt16LE(method, 8);
    header.writeUInt16LE(name.length, 26);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(method, 10);
    [crc32(data), packed.length, data.length].forEach((number, i) => void entry.writeUInt32LE(number, 16 + 4 * i));
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    local.push(header, Buffer.from(name), Buffer.from(packed));
    directory.push(entry, Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const [entries, end] = [Buffer.concat(directory), Buffer.alloc(22)];
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(directory.length / 2, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, entries, end]);
}

const images = new Map<string, Uint8Array>();

/** Returns the archive of the matrix, made once. */
function imageOf(method: 0 | 8, fortran = false): Uint8Array {
  const known = images.get(`${method} ${fortran}`);
  if (known) return known;
  const stored = fortran ? values.map((_, i) => valueAt(i % rows, Math.floor(i / rows))) : values;
  const image = zip({ 'W_dec.npy': npyImage('<f4', fortran, [rows, width], bytesOf(stored)) }, method);
  images.set(`${method} ${fortran}`, image);
  return image;
}

async function npz(method: 0 | 8, fortran = false): Promise<{ path: string; file: TensorFile }> {
  const path = join(await tempFolder(), 'params.npz');
  await writeFile(path, imageOf(method, fortran));
  return { path, file: await opened(path) };
}

const bytesOf = (array: Float32Array) => new Uint8Array(array.buffer);
const isWhole = (found: Float32Array) => Buffer.from(bytesOf(found)).equals(bytesOf(values));
const spools = (folder: string) => readdirSync(folder).filter((name) => /^neuronpedia-.*\.tmp$/.test(name));
/** Returns what a file descriptor is open on; empty if it has been closed meanwhile. */
function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
/** Returns the temporary files without a name that this process has open in a folder. */
const unnamed = (folder: string) =>
  readdirSync('/proc/self/fd')
    .map(targetOf)
    .filter((path) => path.startsWith(`${folder}/neuronpedia-`) && path.endsWith('.tmp (deleted)'));
const W_dec = (file: TensorFile) => file.tensors.get('W_dec')!;

afterEach(() => void vi.unstubAllEnvs());

test.each([
  ['stored', 0],
  ['deflated', 8],
] as const)('a %s matrix of many pieces gives its rows every time it is read', async (_, method) => {
  const { file } = await npz(method);
  for (let pass = 0; pass < 7; pass++) {
    expect(isWhole(await readRows(matrixOf(W_dec(file), 'rows')))).toBe(true);
  }
});

test('a deflated matrix in Fortran order is read from a temporary file without a name, until it is closed', async () => {
  const folder = await tempFolder();
  vi.stubEnv('TMPDIR', folder);
  const { file } = await npz(8, true);
  expect(isWhole(await readRows(matrixOf(W_dec(file), 'rows')))).toBe(true);
  for (let pass = 0; pass < 6; pass++) {
    const few = await readRows(matrixOf(W_dec(file), 'rows'), [[10, 12]]);
    expect([...few.subarray(0, 2)]).toEqual([valueAt(10, 0), valueAt(10, 1)]);
    expect(spools(folder)).toEqual([]);
  }
  if (process.platform === 'linux') expect(unnamed(folder)).toHaveLength(1);
  await file.close();
  if (process.platform === 'linux') expect(unnamed(folder)).toEqual([]);
});

test('if no temporary file can be created, the error says to set TMPDIR', async () => {
  const { file, path } = await npz(8);
  vi.stubEnv('TMPDIR', join(tmpdir(), 'no', 'such', 'folder'));
  const back = async () => {
    for (let i = 0; i < 9; i++) await readRows(matrixOf(W_dec(file), 'rows'), [[(i % 2) * 3000, 3001]]);
  };
  await expect(back()).rejects.toMatchObject({
    code: 'file_unreadable',
    exitCode: 6,
    message: expect.stringMatching(/member "W_dec.npy".*temporary copy of 14000128 bytes.*ENOENT/),
    hints: [expect.stringContaining('TMPDIR')],
    details: { file: path, member: 'W_dec.npy' },
  });
});

test('an error in the array of a member names the archive and the member', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'bad.npz'), zip({ 'W.npy': Buffer.from('\x93NUMPY\x09\x00\x00\x00', 'latin1') }, 0));
  await expect(opened(join(folder, 'bad.npz'))).rejects.toMatchObject({
    message: expect.stringContaining('bad.npz: member "W.npy"'),
    details: { file: join(folder, 'bad.npz'), member: 'W.npy' },
  });
});

test('concurrent reads each get the bytes they asked for', async () => {
  const { file } = await npz(8);
  const { bytes, offset } = W_dec(file);
  const places = [3_000_000, 12, 2_999_999, 0, 3_499_999, 17];
  const found = await Promise.all(
    places.map(async (place) => {
      const into = new Uint8Array(4);
      await bytes.read(into, offset + 4 * place);
      return new Float32Array(into.buffer)[0];
    }),
  );
  expect(found).toEqual(places);
  await expect(bytes.read(new Uint8Array(8), bytes.size - 4)).rejects.toThrow(RangeError);
});

test.each([0, 8] as const)('method %i: a file cut off after it was opened is unreadable', async (method) => {
  const { file, path } = await npz(method);
  await truncate(path, 3_000_000);
  const failure = expect(readRows(matrixOf(W_dec(file), 'rows'))).rejects;
  await failure.toMatchObject({ code: 'file_unreadable', details: { file: path } });
});

test.each([0, 8] as const)('method %i: damage is reported every time it is read', async (method) => {
  const image = Buffer.from(imageOf(method));
  // Damages the CRC-32 in the only entry of the directory.
  image[image.length - 22 - 'W_dec.npy'.length - 46 + 16]! ^= 1;
  const path = join(await tempFolder(), 'params.npz');
  await writeFile(path, image);
  const file = await opened(path);
  for (let time = 0; time < 6; time++) {
    const failure = expect(readRows(matrixOf(W_dec(file), 'rows'))).rejects;
    await failure.toMatchObject({ code: 'format_invalid', message: expect.stringContaining('CRC-32') });
  }
});

/**
 * Returns how many bytes the buffers of this process hold that are still in use. zlib gives some back only turns later:
 * this waits for that until they are few `enough`.
 */
async function bytesInUse(enough = 0, turns = 20): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < turns && least > enough; turn++) {
    collect();
    least = Math.min(least, process.memoryUsage().arrayBuffers);
    await setImmediate();
  }
  return least;
}

test.each([
  [3000, 3],
  // Too large to be inflated at once.
  [300, 20_000],
])('%i members of %i values hold less than 5 MB once they have been opened', async (members, length) => {
  const content = Float32Array.from({ length }, (_, i) => i % 7);
  const image = npyImage('<f4', false, [length], bytesOf(content));
  const names = Array.from({ length: members }, (_, i) => [`layer.${i}.npy`, image]);
  const path = join(await tempFolder(), 'many.npz');
  await writeFile(path, zip(Object.fromEntries(names), 8));
  const before = await bytesInUse(0, 3);
  const file = await opened(path);
  expect(file.tensors.size).toBe(members);
  expect((await bytesInUse(before + 5e6 - 1)) - before).toBeLessThan(5e6);
  expect(await readRows(flatRow(file.tensors.get(`layer.${members - 1}`)!))).toEqual(content);
});

test('a member that cannot be read is listed with the reason, and the others are read', async () => {
  const file = await opened(fixture('npz', 'stored_beside_pickles.npz'));
  expect([...file.tensors.keys()]).toEqual(['W_dec']);
  expect(file.undecodable.get('config')).toBe('holds a pickled Python object (dtype |O), which is never loaded');
});
