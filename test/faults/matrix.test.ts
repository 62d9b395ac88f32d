import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { some } from '../some.ts';
import { type Matrix, nameOf, openMatrix, pairs, singles } from './matrix.ts';
import { requestKinds } from './request-kinds.ts';

const api = join(import.meta.dirname, '../../src/api');

describe('the fault matrix', () => {
  it('knows every path that src/api requests', () => {
    const text = readdirSync(api).map((name) => readFileSync(join(api, name), 'utf8'));
    const paths = text.join('').matchAll(/['"`](\/api\/[^'"`]+)/g);
    const known = new Set(requestKinds.map((kind) => kind.replace(/^\w+ /, '')));
    const unknown = [...paths].map(([, path]) => wildcards(path as string)).filter((path) => !known.has(path));
    expect(unknown).toEqual([]);
  });

  it('disturbs every kind of request, and has over 5,000 pairs that begin with a write', () => {
    const disturbed = new Set(singles().map(({ disturbance }) => disturbance.kind));
    expect(requestKinds.filter((kind) => !disturbed.has(kind))).toEqual([]);
    expect(pairs().length).toBeGreaterThan(5000);
  });
});

/** Replaces `${…}` by `*` for one part of a path, or by three for an id that is joined from its parts. */
function wildcards(path: string): string {
  return path.replace(/\$\{\[.*$/, '*/*/*').replace(/\$\{[^}]*\}/g, '*');
}

// A sample of what `npm run test:soak` does in full.
describe('a fault on the wire', () => {
  let matrix: Matrix;
  beforeAll(async () => {
    matrix = await openMatrix();
  });
  afterAll(() => matrix.close());
  const sample = [...singles(), ...pairs()].filter((_, i) => i % 67 === 7);
  for (const one of some(sample, 11)) {
    it(`gives the right exit code, and rerunning leaves an exact store: ${nameOf(one)}`, async () => {
      expect((await matrix.run(one)).wrong).toEqual([]);
    });
  }
});
