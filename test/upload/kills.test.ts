import { describe, expect, it } from 'vitest';
import { killLoop } from '../soak/kill-loop.ts';

// The everyday form of `npm run test:soak`, which kills a thousand times and tells the windows.
describe('an upload that is killed with SIGKILL again and again', () => {
  it('ends with every row there once: 32 kills, both kinds of server, features and vectors', async () => {
    const counts = await killLoop({ kills: 32, seed: 1, sides: 2 });
    expect(counts.kills).toBe(32);
    expect(counts.jobs).toBeGreaterThanOrEqual(6);
  }, 300_000);
});
