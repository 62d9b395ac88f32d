import { expect, test } from 'vitest';
import { byNumber } from '../src/by-number.ts';

test('names are sorted by the numbers in them', () => {
  const inOrder = [
    '',
    '2',
    '10',
    'a',
    'a1b',
    'a1b2',
    'a01b10',
    'layer_2',
    'layer_2.npz',
    'layer_010',
    'layer_10',
    'layers',
  ];
  const sorted = [...inOrder].reverse().sort(byNumber);
  expect(sorted).toEqual(inOrder);
});

test.each([
  ['more digits than a double has', '12345678901234567890.b', '12345678901234567891.a'],
  ['more than a double can be', '9'.repeat(400), `1${'0'.repeat(400)}`],
  ['the like with leading zeros', `00${'9'.repeat(400)}`, `1${'0'.repeat(400)}`],
])('numbers of %s are compared by their size', (_, small, large) => {
  expect(byNumber(small, large)).toBeLessThan(0);
  expect(byNumber(large, small)).toBeGreaterThan(0);
});

test('a name is equal to itself only', () => {
  expect(byNumber('x1', 'x1')).toBe(0);
  expect(byNumber('x1', 'x01')).toBeGreaterThan(0);
  expect(byNumber('x1', 'x1 ')).toBeLessThan(0);
  // As numbers, the tab and the space are both 0.
  expect(byNumber('1\t2', '1 1')).toBeLessThan(0);
});
