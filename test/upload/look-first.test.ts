import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UploadEvent } from '../../src/upload/events.ts';
import { encodeRecord } from '../../src/upload/journal-records.ts';
import { fixture } from '../fixtures.ts';
import { openLibraryBench } from './library-bench.ts';

const tiny = fixture('sae-tiny');
const eight = { features: [[0, 8]] } as const;

describe('the look-up before the first send', () => {
  it('takes features stored without a vector for other features if the server keeps vectors', async () => {
    const bench = await openLibraryBench();
    await bench.upload(tiny, eight);
    bench.change('UPDATE features SET vector = NULL, vector_hash = NULL WHERE idx > 5');
    const upload = bench.upload(tiny, eight, { stateDir: join(bench.folder, 'elsewhere') });
    await expect(upload).rejects.toMatchObject({ code: 'feature_exists', details: { row: 6, count: 2 } });
  });

  it('waits out an interrupted deletion before it counts its rows as stored', async () => {
    const bench = await openLibraryBench();
    await bench.upload(tiny, eight);
    const [journal = ''] = readdirSync(join(bench.state, 'jobs')).filter((name) => name.endsWith('.journal'));
    appendFileSync(join(bench.state, 'jobs', journal), encodeRecord({ t: 'deleting', rows: [[2, 5]] }));
    const warnings: string[] = [];
    const onEvent = (event: UploadEvent) => {
      if (event.type !== 'warning') return;
      warnings.push(event.message);
      // The deletion reaches the server only now.
      bench.change('DELETE FROM features WHERE idx IN (3, 4)');
    };
    const { report } = await bench.upload(tiny, eight, { onEvent, settleTimeoutMs: 1 });
    expect(warnings).toEqual([expect.stringContaining('a deletion of these rows was interrupted')]);
    expect(report).toMatchObject({ confirmed: 8, sent: 2 });
    expect(bench.held().map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it.each([false, true])('reports changed vectors of a finished job (public: %s)', async (isPublic) => {
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
