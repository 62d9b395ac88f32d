import { Chalk } from 'chalk';
import { expect, it } from 'vitest';
import { markedText } from '../../src/cli/activation-text.ts';

const paint = new Chalk({ level: 0 });
const tokens = ['In', '▁the', '▁beginning', '▁God', '▁created', '▁the', '▁heaven'];

it.each([
  [100, 'In the beginning<< God>> created the heaven'],
  [30, 'In the beginning<< God>>…'],
  [8, '…<< God>>…'],
])('in %i columns shows the most active token and as many neighbours as fit', (width, text) => {
  expect(markedText(tokens, [0, 0, 1, 9, 2, 0, 0], width, paint)).toBe(text);
});

it.each([
  [100, 'In the beginning God created the heaven'],
  [20, 'In the beginning…'],
])('shows a text without values from its beginning, in %i columns', (width, text) => {
  expect(markedText(tokens, [], width, paint)).toBe(text);
  expect(markedText([], [], width, paint)).toBe('');
});
