import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from '../../fixtures.ts';
import { openLibraryBench } from '../library-bench.ts';

describe('examples', () => {
  it('of features that the SAE does not have are refused, unless only part of it is uploaded', async () => {
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
