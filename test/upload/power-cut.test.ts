import { afterEach, describe, expect, it } from 'vitest';
import { type CutBench, cutPowerOften, openCutBench, sendsOf } from '../soak/cut-bench.ts';
import { uploads } from '../soak/kill-proxy.ts';
import { unannouncedSends } from '../soak/power-cut.ts';

let bench: CutBench;
afterEach(() => bench.close());

describe('a power cut that leaves only what was fsynced', () => {
  it('leaves the intent of every request that was sent, and would not without fsync', async () => {
    bench = await openCutBench({ as: 'features', isPublic: false });
    const run = await bench.record('synced');
    expect(run.stderr).not.toContain('error');
    expect(run.code).toBe(0);
    expect(sendsOf(run, uploads)).toHaveLength(24);
    expect(unannouncedSends(run.before, run.events, uploads)).toEqual([]);
    const careless = await bench.record('unsynced', { noSync: true });
    expect(careless.code).toBe(0);
    expect(sendsOf(careless, uploads)).toHaveLength(24);
    expect(unannouncedSends(careless.before, careless.events, uploads)).toHaveLength(24);
  });

  for (const as of ['features', 'vectors'] as const) {
    it(`at a random moment loses and doubles no row after a resume: ${as}, on a server without keys`, async () => {
      bench = await openCutBench({ as, isPublic: true });
      expect(await cutPowerOften(bench, 2, 1)).toEqual([]);
    });
  }
});

describe('a disk that fails', () => {
  it('while the journal is written ends the upload before the next send, and can be resumed', async () => {
    bench = await openCutBench({ as: 'features', isPublic: false });
    const run = await bench.record('full', { fullAfter: 5000 });
    expect(run.stderr).toContain('the checkpoint cannot be written (ENOSPC); nothing more was sent');
    expect(run.code).toBe(12);
    const sent = sendsOf(run, uploads);
    expect(sent.length).toBeGreaterThan(2);
    expect(sent.length).toBeLessThan(24);
    expect(unannouncedSends(run.before, run.events, uploads)).toEqual([]);
    const again = await bench.record('full');
    expect(again.code).toBe(0);
    expect(bench.whatIsWrong('full')).toEqual([]);
  });

  it('in one fsync ends the upload, which can be resumed', async () => {
    bench = await openCutBench({ as: 'features', isPublic: false });
    const run = await bench.record('failing', { failSync: 8 });
    expect(run.stderr).toContain('cannot be written (EIO)');
    expect(run.code).toBe(12);
    expect(sendsOf(run, uploads).length).toBeLessThan(24);
    expect(unannouncedSends(run.before, run.events, uploads)).toEqual([]);
    expect((await bench.record('failing')).code).toBe(0);
    expect(bench.whatIsWrong('failing')).toEqual([]);
  });

  it('because it is read-only makes the upload exit with 12 and send nothing', async () => {
    bench = await openCutBench({ as: 'features', isPublic: false });
    const run = await bench.record('refused', { refuse: 'EROFS' });
    expect(run.stderr).toContain('EROFS');
    expect(run.code).toBe(12);
    expect(sendsOf(run, uploads)).toEqual([]);
  });
});
