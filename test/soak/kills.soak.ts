import { describe, expect, it } from 'vitest';
import { addCounts, killLoop, killsIn, tableOf } from './kill-loop.ts';
import { windows } from './windows.ts';

const kills = Number(process.env.SOAK_KILLS ?? 1000);
const seed = Number(process.env.SOAK_SEED ?? 1);
const sides = Number(process.env.SOAK_SIDES ?? 2);
/** Fewer than this in a window would say nothing of it; a short run may miss one by chance. */
const fewest = kills < 400 ? 0 : Math.min(50, Math.floor(kills / 20));

describe(`uploads killed with SIGKILL ${kills} times (SOAK_KILLS, seed ${seed})`, () => {
  it('end with every row there once, whatever the window', async () => {
    const each = Math.ceil(kills / sides);
    const counts = addCounts(
      await Promise.all(
        Array.from({ length: sides }, (_, side) =>
          killLoop(each, seed, side, (now) => console.log(`side ${side}: ${now.kills} kills, ${now.jobs} uploads`)),
        ),
      ),
    );
    console.log(tableOf(counts));
    expect(counts.kills).toBeGreaterThanOrEqual(kills);
    for (const window of windows) expect(killsIn(counts, window), window).toBeGreaterThanOrEqual(fewest);
  });
});
