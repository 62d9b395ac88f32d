import { expect, test } from 'vitest';
import { findDuplicateKey } from '../../src/formats/json-keys.ts';

test.each([
  ['{"a":1,"a":2}', 'a'],
  ['{"a" : 1, "b": 2, "a"\n\t\r :3}', 'a'],
  ['{"a":1,"\\u0061":2}', 'a'],
  ['{"\\/":1,"/":2}', '/'],
  ['{"é":1,"\\u00e9":2}', 'é'],
  ['{"":1,"":2}', ''],
  ['{"x":{"b":1,"b":2}}', 'b'],
  ['[{"b":1},{"b":1,"c":[{}],"b":2}]', 'b'],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ['{"a":{"b":{}},"c":[],"a":0}', 'a'],
  ['{"\\"":1,"\\u0022":2}', '"'],
])('%s has a duplicate key', (text, key) => {
  expect(findDuplicateKey(text)).toBe(key);
});

test.each([
  ['{}'],
  ['{"a":1,"b":2}'],
  ['{"a":{"a":{"a":1}}}'],
  ['[{"a":1},{"a":2}]'],
  ['{"a":"b","b":"a"}'],
  ['{"a":["a","a"]}'],
  ['{"a":"\\"a\\":","b":"{\\"a\\":1}"}'],
  ['{"a":1,"A":2}'],
  ['{"é":1,"e\u0301":2}'],
  ['"a"'],
  ['not JSON at all'],
])('%s has no duplicate key', (text) => {
  expect(findDuplicateKey(text)).toBeUndefined();
});

test('keys after a string with millions of escapes are found', () => {
  const long = '\\n'.repeat(4_500_000);
  expect(findDuplicateKey(`{"a":"${long}","b":1,"b":2}`)).toBe('b');
  expect(findDuplicateKey(`{"a":"${long}","b":1}`)).toBeUndefined();
  // Unclosed, and cut off within an escape.
  for (const end of ['', '\\', '\\"']) expect(findDuplicateKey(`{"b":1,"b":"${long}${end}`)).toBe('b');
});

test('all keys of a large header are told apart', () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => `"layer.${i}":{"dtype":"F32"}`);
  expect(findDuplicateKey(`{${keys.join(',')}}`)).toBeUndefined();
  expect(findDuplicateKey(`{${keys.join(',')},"layer.77":0}`)).toBe('layer.77');
});

test('absurdly deep nesting is an error, not a crash', () => {
  expect(() => findDuplicateKey('{"a":'.repeat(100_000))).toThrow(/deeper than 32 levels/);
  expect(() => findDuplicateKey('['.repeat(1_000_000))).toThrow(/deeper than 32 levels/);
});

test('a key of half a million escapes is scanned like any other', () => {
  expect(findDuplicateKey(`{"${'\\\\'.repeat(500_000)}":1}`)).toBeUndefined();
});
