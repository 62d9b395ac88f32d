import { expect, test } from 'vitest';
import { neuronpediaModelId } from '../../src/layouts/model-names.ts';

test.each([
  ['gpt2', 'gpt2-small'],
  ['openai-community/gpt2', 'gpt2-small'],
  ['google/gemma-2-2b', 'gemma-2-2b'],
  ['google/gemma-3-1b-pt', 'gemma-3-1b'],
  ['meta-llama/Llama-3.1-8B', 'llama3.1-8b'],
  ['meta-llama/Meta-Llama-3.1-8B-Instruct', 'llama3.1-8b-it'],
  ['EleutherAI/pythia-70m-deduped', 'pythia-70m-deduped'],
  ['Llama-3.1-8B', 'llama3.1-8b'],
  ['gemma-3-4b-pt', 'gemma-3-4b'],
  ['gemma-v3-4b-pt', 'gemma-3-4b'],
  ['google/gemma-v3-270m-pt', 'gemma-3-270m'],
  ['Qwen3.5-2B-Base', 'qwen3.5-2b-pt'],
])('%s is %s on Neuronpedia', (name, id) => {
  expect(neuronpediaModelId(name)).toBe(id);
});

test.each(['gpt2-small', 'gemma-2-2b', 'gemma-3-1b', 'gemma-3-1b-it', 'llama3.1-8b-it', 'qwen3.5-2b-pt'])(
  'the id %s stays as it is',
  (id) => {
    expect(neuronpediaModelId(id)).toBe(id);
  },
);

test.each(['tiny-kjv-4l', 'My/Own-Model', 'b', '', 'constructor'])('the unknown name "%s" stays as it is', (name) => {
  expect(neuronpediaModelId(name)).toBe(name);
});
