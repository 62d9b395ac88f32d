import { describe, expect, it } from 'vitest';
import { cutPowerOften, openCutBench } from './cut-bench.ts';

const cuts = Number(process.env.SOAK_CUTS ?? 25);
const seed = Number(process.env.SOAK_SEED ?? 1);
const timeoutMs = 3_600_000;

describe(`power cuts, ${cuts} for each kind of upload (SOAK_CUTS, seed ${seed})`, () => {
  for (const isPublic of [false, true]) {
    for (const as of ['features', 'vectors'] as const) {
      const name = `${isPublic ? 'public server' : 'upload protocol'}, ${as}`;
      it(
        `leave a state from which the same command completes the upload exactly: ${name}`,
        async () => {
          const bench = await openCutBench({ as, isPublic });
          try {
            expect(await cutPowerOften(bench, cuts, seed)).toEqual([]);
          } finally {
            await bench.close();
          }
        },
        timeoutMs,
      );
    }
  }
});
