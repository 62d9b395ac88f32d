import { expect, it } from 'vitest';
import { parseId, urlElsewhere } from '../../src/cli/id.ts';

const id = { model: 'gpt2-small', source: '6-res', index: '12' };

it.each([
  'gpt2-small/6-res/12',
  '/gpt2-small/6-res/12/',
  'https://www.neuronpedia.org/gpt2-small/6-res/12',
  'https://www.neuronpedia.org/gpt2-small/6-res/12?embed=true#top',
  'https://example.org/below/gpt2-small/6-res/12',
  'www.neuronpedia.org/gpt2-small/6-res/12',
  'localhost:3000/gpt2-small/6-res/12',
  'www.example.org/below/gpt2-small/6-res/12',
])('reads %s as the id of a feature', (text) => {
  expect(parseId(text)).toEqual(id);
});

it.each([
  ['foo/bar/gpt2-small/6-res/12', 'an id is model/source/index'],
  ['runs.v2/gpt2/l6/W_dec.npy', 'an id is model/source/index'],
  ['gpt2-small/6-res/12x', 'an id is model/source/index'],
  ['gpt2-small/6-res/99999999999999999999', 'an id is model/source/index'],
  ['gpt2-small/6-res/', 'delete --job gpt2-small/6-res'],
  ['www.neuronpedia.org/gpt2-small/6-res', 'delete --job gpt2-small/6-res'],
  ['llama3.1-8b/6-res/12a', 'for example gpt2-small/6-my-sae/1234'],
  ['87237bf7dc366fdc', 'delete --job 87237bf7dc366fdc'],
])('refuses %s with a hint at what may be meant', (text, hint) => {
  let thrown: unknown;
  try {
    parseId(text);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: 'usage', hints: [expect.stringContaining(hint)] });
});

it.each([
  ['http://127.0.0.1:3000', 'http://localhost:3000/gpt2-small/6-res/12', undefined],
  ['http://[::1]:3000', 'localhost:3000/gpt2-small/6-res/12', undefined],
  ['http://localhost:3000', 'gpt2-small/6-res/12', undefined],
  ['http://127.0.0.1:3000', 'http://localhost:3001/gpt2-small/6-res/12', 'http://localhost:3001'],
  ['http://127.0.0.1:3000', 'www.neuronpedia.org/gpt2-small/6-res/12', 'https://www.neuronpedia.org'],
])('for server %s, %s points to another origin: %s', (url, text, origin) => {
  expect(urlElsewhere(url, ['gpt2-small/6-res/1', text])?.origin).toBe(origin);
});
