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

test('numbers too long for a double still compare consistently in both directions', () => {
  const [small, large] = ['9'.repeat(400), `1${'0'.repeat(400)}`];
  for (const [a, b] of [
    ['x', 'x'],
    [small, large],
    ['12345678901234567890', '12345678901234567891'],
  ] as const) {
    expect(byNumber(a, b) + byNumber(b, a)).toBe(0);
  }
});
