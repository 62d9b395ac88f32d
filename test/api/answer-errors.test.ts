import { expect, it } from 'vitest';
import { isTransient } from '../../src/api/answer-errors.ts';

it('waits for a server that is busy or failing, not for one that does not know the method', () => {
  const all = Array.from({ length: 200 }, (_, i) => 400 + i);
  const failing = all.filter((status) => status >= 500 && status !== 501);
  expect(all.filter(isTransient)).toEqual([408, 425, 429, ...failing]);
});
