import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'vitest';
import { seedOf } from '../fixtures.ts';
import { rounds } from '../some.ts';

/** Something that must hold for all values of some kind, tried on many generated ones. */
export interface Property {
  /** What is tested, and so a row in the table of cases. */
  readonly reader: string;
  readonly claim: string;
  /** Cases of `TEST_ALL=1 npm test`. Plain `npm test` tries a third of them, the soak a multiple. */
  readonly runs: number;
  /** Throws with the smallest counterexample found, and with the seed and path to reproduce it. */
  assert(parameters: fc.Parameters<unknown>): Promise<void>;
}

/** What a property gets besides a value: a folder for the files of all its cases, empty at first. */
export interface Bench {
  readonly folder: string;
}

/** Defines a property of all values of an arbitrary. */
export function property<T>(
  reader: string,
  claim: string,
  runs: number,
  values: fc.Arbitrary<T>,
  holds: (value: T, bench: Bench) => Promise<void>,
): Property {
  return {
    reader,
    claim,
    runs,
    async assert(parameters) {
      const folder = mkdtempSync(join(tmpdir(), 'np-fuzz-'));
      try {
        await fc.assert(
          fc.asyncProperty(values, (value) => holds(value, { folder })),
          parameters as fc.Parameters<[T]>,
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Returns where a run begins. `FUZZ_SEED` and `FUZZ_PATH` reproduce a failure: fast-check prints both. */
function again(seed: number): fc.Parameters<unknown> {
  const { FUZZ_SEED, FUZZ_PATH } = process.env;
  return { seed: Number(FUZZ_SEED ?? seed), ...(FUZZ_PATH && { path: FUZZ_PATH }) };
}

/**
 * Registers the everyday tests. They try the same cases each time, so that a new failure comes from the change under
 * test. Seeds come from the titles: a property that is reworded tries other cases.
 */
export function testSome(properties: readonly Property[]): void {
  for (const one of properties) {
    const name = `${one.reader}: ${one.claim}`;
    test(name, () => one.assert({ ...again(seedOf(name)), numRuns: rounds(one.runs) }));
  }
}

/** Registers the long tests: `factor` times as many cases, from a different seed each time. */
export function testMany(
  properties: readonly Property[],
  factor: number,
  onCases: (of: Property, cases: number) => void,
) {
  for (const one of properties) {
    const cases = Math.ceil(one.runs * factor);
    test(
      `${one.reader}: ${one.claim} (${cases} times)`,
      async () => {
        await one.assert({ ...again(Date.now() & 0x7fffffff), numRuns: cases });
        onCases(one, cases);
      },
      6 * 3_600_000,
    );
  }
}
