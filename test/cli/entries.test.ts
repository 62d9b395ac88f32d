import { expect, it } from 'vitest';
import { parseEntries } from '../../src/cli/entries.ts';

it('parses values as JSON where possible, but keeps an integer too large for a double as typed', () => {
  expect(parseEntries(['a=1', 'b=x=y', 'c=[1,2]', 'd=', 'e=9007199254740991'])).toEqual({
    ...{ a: 1, b: 'x=y', c: [1, 2], d: '', e: 9007199254740991 },
  });
  expect(parseEntries(['run_id=12345678901234567890', 'low=-9007199254740993'])).toEqual({
    ...{ run_id: '12345678901234567890', low: '-9007199254740993' },
  });
  for (const wrong of [['novalue'], ['=1'], ['a=1', 'a=2']]) expect(parseEntries(wrong)).toBeUndefined();
});
