import { basename, dirname } from 'node:path';
import { isWeightFile } from './folder.ts';
import { layouts } from './list.ts';
import { picklesOf } from './nothing-found.ts';

/** A folder that was searched: the names of its files, and whether an SAE was found in it or further down. */
export interface Searched {
  readonly folder: string;
  readonly names: readonly string[];
  readonly found: boolean;
}

const configs = new Set(layouts.flatMap(({ config }) => config ?? []));

/** A folder without the SAE that it should have. */
export interface LeftOut {
  readonly folder: string;
  /** For people. */
  readonly message: string;
}

/**
 * Returns a warning for each folder of a sweep that looks like those of the SAEs beside it but gave none: its weights are
 * pickles, or it has a config without weights or weights without a config. `homes` are the folders of the SAEs.
 */
export function leftOut(searched: readonly Searched[], homes: ReadonlySet<string>): LeftOut[] {
  const sweeps = new Set([...homes].map((home) => dirname(home)));
  const namesOf = new Map(searched.map(({ folder, names }) => [folder, names]));
  return searched.flatMap(({ folder, names, found }) => {
    if (found || !sweeps.has(dirname(folder))) return [];
    // Folders of a sweep differ in their numbers.
    const beside = [...homes].filter((home) => dirname(home) === dirname(folder) && isAlike(home, folder));
    if (beside.length === 0) return [];
    const [pickle] = picklesOf(names);
    const isTelling = (name: string) => configs.has(name) || isWeightFile(name);
    const shared = names.filter((name) => isTelling(name) && beside.some((home) => namesOf.get(home)?.includes(name)));
    if (pickle === undefined && shared.length === 0) return [];
    const why = pickle
      ? `${pickle} is a pickle, which is never loaded`
      : `of their files it has only ${shared.join(', ')}`;
    return [{ folder, message: `${basename(folder)} is left out, unlike the folders beside it: ${why}` }];
  });
}

function isAlike(a: string, b: string): boolean {
  const [one, other] = [a, b].map((folder) => basename(folder).replaceAll(/\d+/g, '#'));
  return one === other;
}
