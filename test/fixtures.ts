import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { AppError } from '../src/errors.ts';
import type { TensorFile } from '../src/formats/format.ts';
import { openTensorFile } from '../src/formats/open.ts';
import { seededRandom } from './seeded-random.ts';

/** A tensor that a reader must find, as the fixture's sidecar describes it. */
export interface TensorPromise {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Row-major; NaN, infinities and integers beyond 2^53 as strings. */
  readonly values: readonly (number | string)[];
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures');

/** Returns the path of a fixture: `fixture('sae-tiny', 'cfg.json')`. */
export function fixture(...parts: string[]): string {
  return join(root, ...parts);
}

/** Lists the data files of a fixture folder that have sidecars, except .json files, as [name, path] for `test.each`. */
export function dataFiles(folder: string): [name: string, path: string][] {
  const names = readdirSync(fixture(folder)).sort();
  const data = names.filter((name) => !name.endsWith('.json') && names.includes(`${name}.json`));
  return data.map((name) => [`${folder}/${name}`, fixture(folder, name)]);
}

export function sidecar<T>(path: string): T {
  return JSON.parse(readFileSync(`${path}.json`, 'utf8')) as T;
}

/** Reads the promised tensors of a fixture, into a Map because one of them is called `__proto__`. */
export function promisedTensors(path: string): Map<string, TensorPromise> {
  return new Map(Object.entries(sidecar<{ tensors: Record<string, TensorPromise> }>(path).tensors));
}

/** Rounds the values of a promise to float32. */
export function asFloat32({ values }: TensorPromise): Float32Array {
  return Float32Array.from(values, Number);
}

/** Says where two arrays first differ; undefined if they are equal. NaN equals NaN, but -0 differs from 0. */
export function firstDifference(found: ArrayLike<number>, expected: ArrayLike<number>): object | undefined {
  if (found.length !== expected.length) return { length: found.length, expected: expected.length };
  for (let i = 0; i < found.length; i++) {
    if (!Object.is(found[i], expected[i])) return { index: i, found: found[i], expected: expected[i] };
  }
  return undefined;
}

/** Opens a weight file, and closes it when the test ends. */
export async function opened(path: string): Promise<TensorFile> {
  const file = await openTensorFile(path);
  onTestFinished(() => file.close());
  return file;
}

/** Makes an empty folder, and removes it when the test ends. */
export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'neuronpedia-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files, named by their paths under `folder`. Objects are written as JSON. */
export async function writeFiles(folder: string, files: Record<string, Uint8Array | object>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content instanceof Uint8Array ? content : JSON.stringify(content));
  }
}

/** Returns a safetensors image of float32 tensors with these shapes; element i of each holds the value i. */
export function safetensorsOf(shapes: Record<string, readonly number[]>): Uint8Array {
  let at = 0;
  const header: Record<string, object> = {};
  const data: Uint8Array[] = [];
  for (const [name, shape] of Object.entries(shapes)) {
    const bytes = new Uint8Array(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i).buffer);
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + bytes.length] };
    data.push(bytes);
    at += bytes.length;
  }
  return safetensorsImage(JSON.stringify(header), Buffer.concat(data));
}

/** Returns a safetensors image of a header's text and the bytes after it, and checks neither. */
export function safetensorsImage(header: string, data: Uint8Array): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** Returns an .npy image of version 1.0. */
export function npyImage(descr: string, fortran: boolean, shape: readonly number[], data: Uint8Array): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${tuple}, }`;
  return npyImageOf(1, `${dict.padEnd(64 * Math.ceil((dict.length + 11) / 64) - 11)}\n`, data);
}

/** Returns an .npy image of a header's text and the bytes after it, and checks neither. */
export function npyImageOf(version: number, header: string, data: Uint8Array): Uint8Array {
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(header.length, 0, length.length);
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  return Buffer.concat([start, length, Buffer.from(header, 'latin1'), data]);
}

/** Returns a seed that depends on a name, or on the last part of a path. */
export function seedOf(path: string): number {
  return [...basename(path)].reduce((seed, letter) => (seed * 31 + letter.charCodeAt(0)) >>> 0, 1);
}

export { seededRandom as seeded };

/** Returns the AppError that some work fails with. Throws if the work succeeds or fails with anything else. */
export async function errorOf(work: Promise<unknown>): Promise<AppError> {
  const ended = await work.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  if (ended instanceof AppError) return ended;
  throw ended;
}
