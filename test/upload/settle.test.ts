import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import { openLibraryBench } from './library-bench.ts';

const tiny = fixture('sae-tiny');

describe('a batch whose answer was lost', () => {
  // The request reaches the server only at the third look. The looks come at once, after the timeout and after
  // three times the timeout.
  it.each(['features', 'vectors'] as const)('is not sent again if it turns up at the third look: %s', async (as) => {
    const isUpload = (path: string) => ['/api/feature/upload-batch', '/api/vector/new'].includes(path);
    const isLook = (path: string) => ['/api/features', '/api/vector/list-owned'].includes(path);
    let lost: { path: string; body: string } | undefined;
    let looks = 0;
    const bench = await openLibraryBench(true, async ({ path, body }) => {
      if (isUpload(path) && !lost) {
        lost = { path, body };
        return { kind: 'reset-before' };
      }
      if (!lost || !isLook(path) || ++looks !== 3) return undefined;
      const headers = { 'x-api-key': bench.sandbox.apiKey, 'content-type': 'application/json' };
      const done = await fetch(bench.sandbox.url + lost.path, { method: 'POST', headers, body: lost.body });
      expect(done.status).toBe(200);
      return undefined;
    });
    const activations = join(tiny, 'activations.jsonl');
    const options = { features: [[0, 4]], as, ...(as === 'features' && { activations }) } as const;
    const { report } = await bench.upload(tiny, options, { settleTimeoutMs: 1 });
    expect(report).toMatchObject({ confirmed: 4, end: { type: 'finished' } });
    const most = 'SELECT count(*) AS n FROM activations GROUP BY feature_id ORDER BY n DESC LIMIT 1';
    if (as === 'features') expect(bench.ask(most)).toEqual([{ n: 3 }]);
    expect(bench.held()).toHaveLength(4);
    expect(looks).toBeGreaterThanOrEqual(3);
    // Vectors are sent one by one.
    expect(bench.proxy.seen.filter(({ path }) => isUpload(path))).toHaveLength(as === 'features' ? 1 : 4);
  });
});
