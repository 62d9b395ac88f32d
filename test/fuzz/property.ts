import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'vitest';
import { seedOf } from '../fixtures.ts';
import { rounds } from '../some.ts';

/** Something that holds for every value of a kind, tried on many that are made up. */
export interface Property {
  /** What is tried: a row of the table of cases. */
  readonly reader: string;
  readonly claim: string;
  /** Tries of `npm test`; the soak multiplies it. */
  readonly runs: number;
  /** Throws with the smallest value for which it does not hold, and with the seed and path to find it again. */
  assert(parameters: fc.Parameters<unknown>): Promise<void>;
}

/** What a property has besides its value: an empty folder for the files of all its tries. */
export interface Bench {
  readonly folder: string;
}

/** A property of all values of an arbitrary. */
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

/** `FUZZ_SEED` and `FUZZ_PATH` of a failure bring it back: fast-check prints both. */
function again(seed: number): fc.Parameters<unknown> {
  const { FUZZ_SEED, FUZZ_PATH } = process.env;
  return { seed: Number(FUZZ_SEED ?? seed), ...(FUZZ_PATH && { path: FUZZ_PATH }) };
}

/** The part for every day: the same tries each time, so that a failure is of the change that is tested. */
export function testSome(properties: readonly Property[]): void {
  for (const one of properties) {
    const name = `${one.reader}: ${one.claim}`;
    test(name, () => one.assert({ ...again(seedOf(name)), numRuns: rounds(one.runs) }));
  }
}

/** The long form: `factor` times as many, from another seed each time. */
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
