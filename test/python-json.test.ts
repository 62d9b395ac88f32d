import { expect, it } from 'vitest';
import { nullForNaN, parsePythonJson } from '../src/python-json.ts';

it('NaN in lines with millions of escapes is read, and text within strings is left alone', () => {
  const text = `{"a":"${'\\n'.repeat(4_500_000)}","b":NaN}`;
  expect(parsePythonJson(text)).toMatchObject({ b: null });
  const strings = '{"a":"NaN \\" NaN","c":"\\\\","b":';
  expect(nullForNaN(`${strings}[-Infinity,NaN]}`)).toBe(`${strings}[null,null]}`);
});
