import { describe, expect, it } from 'vitest';
import { countCase, faultTable, noFaultCounts } from '../faults/fault-counts.ts';
import { nameOf, openMatrix, pairs, scenarioName, singles } from '../faults/matrix.ts';
import { poisonedUpload, rowsOf, someRows } from '../faults/poison-loop.ts';
import { requestKinds } from '../faults/request-kinds.ts';
import { scenarios } from '../faults/scenarios.ts';
import { seededRandom } from '../seeded-random.ts';

/** Runs one case in this many; 1 runs all, which takes half an hour. Any prime but 2 and 5 reaches all 20 faults. */
const every = Number(process.env.SOAK_FAULTS_EVERY ?? 1);
const poisoned = Number(process.env.SOAK_POISON ?? 200);
const seed = Number(process.env.SOAK_SEED ?? 1);
const timeoutMs = 3 * 3_600_000;

describe(`faults on the wire, one case in ${every} (SOAK_FAULTS_EVERY)`, () => {
  it(
    'end with the right exit code and at most one error, and rerunning leaves an exact store',
    async () => {
      const matrix = await openMatrix();
      const counts = noFaultCounts();
      const wrong: string[] = [];
      try {
        for (const scenario of scenarios) {
          const { kinds } = await matrix.undisturbed(scenario);
          const asked = Object.keys(scenario.about).filter((kind) => !(kinds as readonly string[]).includes(kind));
          expect(asked, scenarioName(scenario)).toEqual([]);
        }
        const cases = [...singles(), ...pairs()];
        for (let i = seed % every; i < cases.length; i += every) {
          const one = cases[i] as (typeof cases)[number];
          const { outcome, wrong: found } = await matrix.run(one);
          if (found.length > 0) wrong.push(`${nameOf(one)}: ${found.join('; ')}`);
          // If the first fault ended the run, there was no next request.
          if (one.disturbance.then === undefined || outcome.hits === 2) countCase(counts, one);
        }
      } finally {
        matrix.close();
      }
      console.log(faultTable(counts));
      expect(wrong).toEqual([]);
      if (every === 1) for (const kind of requestKinds) expect(counts.byKind.get(kind)?.once, kind).toBeGreaterThan(0);
    },
    timeoutMs,
  );

  it(
    `leave out exactly the rows that always fail, in ${poisoned} uploads (SOAK_POISON, seed ${seed})`,
    async () => {
      const random = seededRandom(seed);
      let rowsLeftOut = 0;
      for (let i = 0; i < poisoned; i++) {
        const as = random() < 0.5 ? 'features' : 'vectors';
        const isPublic = random() < 0.5;
        const rows = someRows(rowsOf[as], random);
        const concurrency = random() < 0.5 ? 1 : 4;
        const wrong = await poisonedUpload({ as, isPublic, rows, concurrency });
        expect(wrong, `${isPublic ? 'public server' : 'upload protocol'}, ${as}, rows ${rows}`).toEqual([]);
        rowsLeftOut += rows.length;
      }
      console.log(`${poisoned} poisoned uploads; ${rowsLeftOut} rows left out, exactly the poisoned ones`);
    },
    timeoutMs,
  );
});
