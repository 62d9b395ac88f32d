import { describe, expect, it } from 'vitest';
import { killLoop } from '../soak/kill-loop.ts';

const kills = 50;

// The everyday form of `npm run test:soak`, which kills a thousand times and tells the windows.
describe('an upload that is killed with SIGKILL again and again', () => {
  it(`ends with every row there once: ${kills} kills, both kinds of server, features and vectors`, async () => {
    const counts = await killLoop({ kills, seed: 1, sides: 2 });
    expect(counts.kills).toBe(kills);
    expect(counts.jobs).toBeGreaterThanOrEqual(4);
  }, 300_000);
});
