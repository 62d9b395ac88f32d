import { collectFaults } from '../dashboards/faults.ts';
import { jsonBound } from '../dashboards/json-bound.ts';
import { AppError } from '../errors.ts';
import { byKey, type FactsOrFault } from './facts.ts';
import type { FeatureSet } from './feature-data.ts';
import { scaleUnknown } from './sparsity.ts';

/** The result of a first pass over a file. */
export interface Gathered {
  readonly features: number;
  readonly fields: readonly string[];
  readonly firing: Uint8Array;
  readonly mostBytes: number;
}

/** Gathers the facts of one feature after another, and what is wrong with them. */
export interface Gatherer {
  /** Returns the row of an index; undefined if it has none (a fault unless `isPart`) or was claimed before (a fault). */
  claim(where: string, index: number): number | undefined;
  /** Takes a row's facts, or what is wrong with them. Error: record_invalid for a sparsity whose scale must be given. */
  add(where: string, row: number, facts: FactsOrFault): void;
  fault(text: string): void;
  /** Error: record_invalid with the first faults. */
  finish(): Gathered;
}

/** Starts a pass over what a file says about features. */
export function gather(path: string, { rows, indices }: FeatureSet): Gatherer {
  const faults = collectFaults(path, { orElse: 'go on without it' });
  const fields = new Set<string>();
  const firing = new Uint8Array(rows);
  const claimed = new Uint8Array(rows);
  let features = 0;
  let mostBytes = 0;
  return {
    claim(where, index) {
      const row = Number.isInteger(index) && index >= 0 ? indices.rowOf(index) : undefined;
      if (row === undefined) {
        if (!indices.isPart) faults.add(`${where}: no feature has index ${index}${known(rows, indices.hash)}`);
      } else if (claimed[row] === 1) {
        faults.add(`${where}: feature ${index} appears twice (duplicate)`);
      } else {
        claimed[row] = 1;
        return row;
      }
      return undefined;
    },
    add(where, row, read) {
      if (typeof read === 'string') return faults.add(`${where}: ${read}`);
      if (!read) return;
      if ('hint' in read) return faults.add(`${where}: ${read.text}`, read);
      if ('negative' in read) throw scaleUnknown(path, where, read);
      features++;
      firing[row] = read.state;
      mostBytes = Math.max(mostBytes, jsonBound(read.facts));
      const { metadata = {}, ...own } = read.facts;
      for (const key of [...Object.keys(own), ...Object.keys(metadata)]) fields.add(key);
    },
    fault: (text) => faults.add(text),
    finish() {
      faults.throwIfAny();
      return { features, fields: [...fields].sort(byKey), firing, mostBytes };
    },
  };
}

/** Says which indices there are, if they can be said in a few words. */
function known(rows: number, hash: string | undefined): string {
  return hash === undefined ? `: there are ${rows}, 0 to ${rows - 1}` : '';
}

/** The error for an array whose length is not that of the index array (`key`) or, without one, the number of features. */
export function wrongLength(
  path: string,
  name: string,
  found: number,
  { rows }: FeatureSet,
  key?: { readonly name: string; readonly length: number | undefined },
): AppError {
  if (key) {
    const expected = key.length ?? 1;
    return new AppError(
      'record_invalid',
      `${path}: the length of "${name}" is ${found}, but that of its index array "${key.name}" is ${expected}`,
      {
        hints: ['each array must have one value per index: remove those that have not'],
        details: { file: path, array: name, found, expected },
      },
    );
  }
  return new AppError('record_invalid', `${path}: "${name}" has ${found} values, but the SAE has ${rows} features`, {
    hints: [
      'it belongs to another SAE or does not have one value per feature: ' +
        'remove it from the file, or add an "index" array',
    ],
    details: { file: path, array: name, found, expected: rows },
  });
}
