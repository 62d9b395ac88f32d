import { describe, expect, it } from 'vitest';
import { seededRandom } from '../seeded-random.ts';
import { rounds, some } from '../some.ts';
import { poisonedUpload, rowsOf, someRows } from './poison-loop.ts';

const random = seededRandom(7);
const lanes = ([false, true] as const).flatMap((isPublic) =>
  (['features', 'vectors'] as const).map((as) => ({ as, isPublic })),
);
const allOf = (as: 'features' | 'vectors') => Array.from({ length: rowsOf[as] }, (_, row) => row);

describe.each(some(lanes, 3))('rows that a server keeps failing (public: $isPublic, $as)', ({ as, isPublic }) => {
  it('are the only ones left out, and the others are stored exactly once', async () => {
    for (let i = 0; i < rounds(3); i++) {
      const rows = someRows(rowsOf[as], random);
      const wrong = await poisonedUpload({ as, isPublic, rows, concurrency: 1 });
      expect(wrong, `rows ${rows}`).toEqual([]);
    }
  });

  it('are not left out if the server fails every row', async () => {
    expect(await poisonedUpload({ as, isPublic, rows: allOf(as), concurrency: 1 })).toEqual([]);
  });
});
