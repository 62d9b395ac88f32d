import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fixture, promisedTensors, sidecar, type TensorPromise } from '../fixtures.ts';

interface Promises {
  readonly format: string;
  readonly tensors: ReadonlyMap<string, TensorPromise>;
  /** Tensors that cannot be read, each with a pattern that the reason matches in lower case. */
  readonly undecodable: ReadonlyMap<string, RegExp>;
}

interface Sidecar {
  readonly format: string;
  readonly undecodable?: Readonly<Record<string, string>>;
  /** Tensors whose values another sidecar promises already. */
  readonly tensorsOf?: Readonly<Record<string, { file: string; tensor: string }>>;
}

/** Lists the fixtures of a folder as [name, path] for `test.each`, those that are .json files themselves included. */
export function fixturesIn(folder: string): [name: string, path: string][] {
  const names = readdirSync(fixture(folder)).sort();
  const data = names.filter((name) => names.includes(`${name}.json`));
  return data.map((name) => [`${folder}/${name}`, fixture(folder, name)]);
}

/** Reads all that the sidecar of a fixture promises. */
export function promisesOf(path: string): Promises {
  const { format, undecodable = {}, tensorsOf } = sidecar<Sidecar>(path);
  const reasons = Object.entries(undecodable).map(([name, reason]): [string, RegExp] => [name, new RegExp(reason)]);
  const tensors = tensorsOf
    ? Object.entries(tensorsOf).map(([name, { file, tensor }]): [string, TensorPromise] => [
        name,
        promisedTensors(join(dirname(path), file)).get(tensor)!,
      ])
    : promisedTensors(path);
  return { format, tensors: new Map(tensors), undecodable: new Map(reasons) };
}
