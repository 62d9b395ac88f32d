import { describe, expect, it } from 'vitest';
import { killLoop } from '../soak/kill-loop.ts';

const kills = 50;

// The short form of `npm run test:soak`, which kills a thousand times and reports which windows were hit.
describe('an upload killed with SIGKILL again and again', () => {
  it(`ends with every row stored once: ${kills} kills, both kinds of server, features and vectors`, async () => {
    const counts = await killLoop({ kills, seed: 1, sides: 2 });
    expect(counts.kills).toBe(kills);
    expect(counts.jobs).toBeGreaterThanOrEqual(4);
  }, 300_000);
});
