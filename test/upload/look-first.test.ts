import { appendFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UploadEvent } from '../../src/upload/events.ts';
import { encodeRecord } from '../../src/upload/journal-records.ts';
import { fixture } from '../fixtures.ts';
import { openLibraryBench } from './library-bench.ts';

const tiny = fixture('sae-tiny');
const eight = { features: [[0, 8]] } as const;

describe('before the first send', () => {
  it('features that are there without a vector are others, where the server keeps vectors', async () => {
    const bench = await openLibraryBench();
    await bench.upload(tiny, eight);
    bench.change('UPDATE features SET vector = NULL, vector_hash = NULL WHERE idx > 5');
    const upload = bench.upload(tiny, eight, { stateDir: join(bench.folder, 'elsewhere') });
    await expect(upload).rejects.toMatchObject({ code: 'feature_exists', details: { row: 6, count: 2 } });
  });

  it('rows whose deletion was cut off are believed only once it cannot be under way any more', async () => {
    const bench = await openLibraryBench();
    await bench.upload(tiny, eight);
    const [journal = ''] = readdirSync(join(bench.state, 'jobs')).filter((name) => name.endsWith('.journal'));
    appendFileSync(join(bench.state, 'jobs', journal), encodeRecord({ t: 'deleting', rows: [[2, 5]] }));
    const warnings: string[] = [];
    const onEvent = (event: UploadEvent) => {
      if (event.type !== 'warning') return;
      warnings.push(event.message);
      // It reaches the server just now.
      bench.change('DELETE FROM features WHERE idx IN (3, 4)');
    };
    const { report } = await bench.upload(tiny, eight, { onEvent, settleTimeoutMs: 1 });
    expect(warnings).toEqual([expect.stringContaining('being deleted')]);
    expect(report).toMatchObject({ confirmed: 8, sent: 2 });
    expect(bench.held().map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it.each([false, true])('vectors of a finished job that have other values are told (public: %s)', async (isPublic) => {
    const bench = await openLibraryBench(isPublic);
    const asVectors = { ...eight, as: 'vectors' } as const;
    await bench.upload(tiny, asVectors);
    bench.change('UPDATE features SET vector = (SELECT vector FROM features ORDER BY idx LIMIT 1)');
    await expect(bench.upload(tiny, asVectors)).rejects.toMatchObject({
      code: 'difference',
      details: { gone: 0, different: 7 },
    });
  });
});

describe('examples', () => {
  it('of features that the SAE does not have are refused, unless a part of it is uploaded', async () => {
    const bench = await openLibraryBench(true);
    const line = (index: number) => JSON.stringify({ index, tokens: ['a'], values: [1] });
    const activations = join(bench.folder, 'from-one.jsonl');
    await writeFile(activations, Array.from({ length: 16 }, (_, i) => line(i + 1)).join('\n'));
    const rows = fixture('feature-data', 'rows.npy');
    const refused = await bench.upload(rows, { activations }).catch((error) => error);
    expect(refused).toMatchObject({ code: 'record_invalid', details: { file: activations, index: 16 } });
    expect(refused.message).toContain(
      'a feature that this SAE does not have, the first of index 16: there are 16, 0 to 15',
    );
    expect(bench.held()).toEqual([]);
    const { report } = await bench.upload(rows, { activations, features: [[3, 4]], index: 5 });
    expect(report).toMatchObject({ confirmed: 1 });
    expect(bench.held().map(({ index }) => index)).toEqual([5]);
  });
});

describe('a batch whose answer was lost', () => {
  // The request reaches the server only when it is looked for the third time: at once, after the timeout, after three times it.
  it.each(['features', 'vectors'] as const)('is looked for three times before it is sent again: %s', async (as) => {
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
  });
});
