import { describe, expect, it } from 'vitest';
import { killsIn, tableOf } from './kill-counts.ts';
import { killLoop } from './kill-loop.ts';
import { windows } from './windows.ts';

const kills = Number(process.env.SOAK_KILLS ?? 1000);
const seed = Number(process.env.SOAK_SEED ?? 1);
/** A thousand kills take a quarter of an hour on two idle cores. */
const timeoutMs = 6 * 3_600_000;
const sides = Number(process.env.SOAK_SIDES ?? 2);
/** Fewer kills than this would say nothing about a window; a short run may miss one by chance. */
const fewest = kills < 400 ? 0 : Math.min(50, Math.floor(kills / 20));

describe(`uploads killed with SIGKILL ${kills} times (SOAK_KILLS, seed ${seed})`, () => {
  it(
    'end with every row stored exactly once, in whichever window the kills fall',
    async () => {
      const onProgress = (done: number, jobs: number) => console.log(`${done} kills, ${jobs} uploads on one side`);
      const counts = await killLoop({ kills, seed, sides, onProgress });
      console.log(tableOf(counts));
      expect(counts.kills).toBeGreaterThanOrEqual(kills);
      for (const window of windows) expect(killsIn(counts, window), window).toBeGreaterThanOrEqual(fewest);
    },
    timeoutMs,
  );
});
