import { expect, test } from 'vitest';
import { parsePythonLiteral } from '../../src/formats/python-literal.ts';

test('the header that numpy writes is parsed into a map of its three keys', () => {
  const header = parsePythonLiteral("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }          \n");
  expect(header).toEqual(
    new Map<string, unknown>([
      ['descr', '<f4'],
      ['fortran_order', false],
      ['shape', [3, 4]],
    ]),
  );
});

test.each([
  ['()', []],
  ['(5,)', [5]],
  ['[1, -2, 3]', [1, -2, 3]],
  ['(10L, 3L)', [10, 3]],
  ["('<f4', (3,))", ['<f4', [3]]],
  [
    "[('a', '<f4'), ('b', '|O')]",
    [
      ['a', '<f4'],
      ['b', '|O'],
    ],
  ],
  ['"double"', 'double'],
  ['\'it says "so"\'', 'it says "so"'],
  ['True', true],
  ['False', false],
  ['None', null],
  ['\n 7 \t', 7],
  ['{}', new Map()],
])('%s is parsed', (text, value) => {
  expect(parsePythonLiteral(text)).toEqual(value);
});

test('a key called __proto__ is a key like any other', () => {
  expect(parsePythonLiteral("{'__proto__': 1}")).toEqual(new Map([['__proto__', 1]]));
});

const refused: [text: string, message: RegExp][] = [
  ['', /ends too early/],
  ['{', /ends too early/],
  ["{'a': 1", /ends too early/],
  ["{'a' 1}", /unexpected '1'/],
  ["{1: 'a'}", /unexpected/],
  ["{'a': 1 'b': 2}", /unexpected ''' at character 8/],
  ["{'a': 1, 'a': 2}", /'a' appears twice/],
  ['(1 2)', /unexpected '2'/],
  ['(,)', /unexpected ','/],
  ["'open", /not closed/],
  ["'a\\'b'", /escape/],
  ['1.5', /unexpected/],
  ['0x10', /unexpected/],
  ['nan', /unexpected/],
  ['Truest', /unexpected/],
  ["__import__('os')", /unexpected '_' at character 0/],
  ['1, 2', /unexpected ','/],
  ['() trailing', /unexpected 't'/],
  ['('.repeat(100_000), /deeper than 16 levels/],
  ["{'a': ".repeat(100_000), /deeper than 16 levels/],
];

test.each(refused.map(([text, message]) => [JSON.stringify(text.slice(0, 20)), text, message] as const))(
  '%s is refused with the reason',
  (_, text, message) => {
    expect(() => parsePythonLiteral(text)).toThrow(message);
  },
);
