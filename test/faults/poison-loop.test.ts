import { describe, expect, it } from 'vitest';
import { seededRandom } from '../seeded-random.ts';
import { rounds } from '../some.ts';
import { poisonedUpload, rowsOf, someRows } from './poison-loop.ts';

const random = seededRandom(7);
const lanes = ([false, true] as const).flatMap((isPublic) =>
  (['features', 'vectors'] as const).map((as) => ({ as, isPublic })),
);
const allOf = (as: 'features' | 'vectors') => Array.from({ length: rowsOf[as] }, (_, row) => row);

describe.each(lanes)('rows that a server keeps failing (public: $isPublic, $as)', ({ as, isPublic }) => {
  it('are left out, exactly they, and the others are there once', async () => {
    expect(await poisonedUpload({ as, isPublic, rows: [0], concurrency: 1 })).toEqual([]);
    for (let i = 0; i < rounds(9); i++) {
      const rows = someRows(rowsOf[as], random);
      const wrong = await poisonedUpload({ as, isPublic, rows, concurrency: 1 });
      expect(wrong, `rows ${rows}`).toEqual([]);
    }
  });

  it('are none where it fails everything', async () => {
    expect(await poisonedUpload({ as, isPublic, rows: allOf(as), concurrency: 1 })).toEqual([]);
  });
});
