import { expect, test } from 'vitest';
import { readYamlScalars } from '../../src/layouts/yaml-scalars.ts';

test('scalars are read under their dotted names', () => {
  const text = [
    '# a comment',
    'model_name: "google/gemma-2-2b"  # quoted',
    "scan: 'a: b'",
    'hook: blocks.3.mlp # plain',
    'd_model:',
    '    desc: null',
    '    value: 2304',
    'deep:',
    '  deeper:',
    '    value: 1',
    '  beside: 2',
    'after: 3',
  ].join('\n');
  expect(Object.fromEntries(readYamlScalars(text))).toEqual({
    model_name: 'google/gemma-2-2b',
    scan: 'a: b',
    hook: 'blocks.3.mlp',
    'd_model.value': '2304',
    'deep.deeper.value': '1',
    'deep.beside': '2',
    after: '3',
  });
});

test('lists, flow collections, blocks and anchors are skipped', () => {
  const text = 'a:\n  - hf://x\n  - y: 2\nb: [1, 2]\nc: {d: 1}\ne: |\n  text\nf: &x 1\ng: *x\nh: 4\r\n';
  expect(Object.fromEntries(readYamlScalars(text))).toEqual({ h: '4' });
});

test('nothing within a block, an anchor or a folded value is a key, but what follows is', () => {
  const text = [
    'note: |',
    '  model_name: wrong',
    'folded: some words',
    '  layer: 3',
    'a: &x',
    '  value: 3',
    'model_name: right',
    'deep:',
    '  b: >-',
    '    layer: 4',
    '  layer: 5',
  ].join('\n');
  expect(Object.fromEntries(readYamlScalars(text))).toEqual({
    folded: 'some words',
    model_name: 'right',
    'deep.layer': '5',
  });
});

test('a duplicate key keeps its first value, and nonsense gives nothing', () => {
  expect(Object.fromEntries(readYamlScalars('a: 1\na: 2\n'))).toEqual({ a: '1' });
  expect(readYamlScalars('{"a": 1}\n\0\n: x\n').size).toBe(0);
});

test('keys within lists and below unreadable keys are skipped', () => {
  const texts = ['- name: a\n  model_name: wrong', "'quoted': |\n  model_name: wrong", '- |\n  model_name: wrong'];
  for (const text of texts) {
    expect(Object.fromEntries(readYamlScalars(`${text}\n\n# deep\n  # deeper\nmodel_name: right\n`))).toEqual({
      model_name: 'right',
    });
  }
  expect(Object.fromEntries(readYamlScalars('%YAML 1.2\n---\n  a: 1\n...\n'))).toEqual({ a: '1' });
});
