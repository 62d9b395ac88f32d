/** Neuronpedia's model ids by lower-case Hugging Face name. They follow no rule: some drop `-pt`, others add it. */
const idOf: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'openai-community/gpt2': 'gpt2-small',
    'eleutherai/pythia-70m-deduped': 'pythia-70m-deduped',
    'google/gemma-2b': 'gemma-2b',
    'google/gemma-2b-it': 'gemma-2b-it',
    'google/gemma-2-2b': 'gemma-2-2b',
    'google/gemma-2-2b-it': 'gemma-2-2b-it',
    'google/gemma-2-9b': 'gemma-2-9b',
    'google/gemma-2-9b-it': 'gemma-2-9b-it',
    'google/gemma-2-27b': 'gemma-2-27b',
    'google/gemma-3-270m': 'gemma-3-270m',
    'google/gemma-3-270m-it': 'gemma-3-270m-it',
    'google/gemma-3-1b-pt': 'gemma-3-1b',
    'google/gemma-3-1b-it': 'gemma-3-1b-it',
    'google/gemma-3-4b-pt': 'gemma-3-4b',
    'google/gemma-3-4b-it': 'gemma-3-4b-it',
    'google/gemma-3-12b-pt': 'gemma-3-12b',
    'google/gemma-3-12b-it': 'gemma-3-12b-it',
    'google/gemma-3-27b-pt': 'gemma-3-27b',
    'google/gemma-3-27b-it': 'gemma-3-27b-it',
    'google/gemma-4-e2b': 'gemma-4-e2b',
    'google/gemma-4-e4b': 'gemma-4-e4b',
    'google/gemma-4-31b': 'gemma-4-31b',
    'meta-llama/meta-llama-3-8b-instruct': 'llama3-8b-it',
    'meta-llama/llama-3.1-8b': 'llama3.1-8b',
    'meta-llama/llama-3.1-8b-instruct': 'llama3.1-8b-it',
    'meta-llama/llama-3.3-70b-instruct': 'llama3.3-70b-it',
    'deepseek-ai/deepseek-r1-distill-llama-8b': 'deepseek-r1-distill-llama-8b',
    'deepseek-ai/deepseek-v4-flash': 'deepseek-v4-flash',
    'qwen/qwen2.5-1.5b-instruct': 'qwen2.5-1.5b-it',
    'qwen/qwen2.5-7b-instruct': 'qwen2.5-7b-it',
    'qwen/qwen3-0.6b': 'qwen3-0.6b',
    'qwen/qwen3-1.7b': 'qwen3-1.7b',
    'qwen/qwen3-4b': 'qwen3-4b',
    'qwen/qwen3-8b': 'qwen3-8b',
    'qwen/qwen3-14b': 'qwen3-14b',
    'qwen/qwen3-32b': 'qwen3-32b',
    'qwen/qwen3.5-0.8b': 'qwen3.5-0.8b',
    'qwen/qwen3.5-2b-base': 'qwen3.5-2b-pt',
    'qwen/qwen3.5-4b': 'qwen3.5-4b',
    'qwen/qwen3.5-9b-base': 'qwen3.5-9b-pt',
    'qwen/qwen3.5-27b': 'qwen3.5-27b',
    'qwen/qwen3.6-27b': 'qwen3.6-27b',
    'allenai/olmo-3-1025-7b': 'olmo-3-1025-7b',
    'allenai/olmo-3-1125-32b': 'olmo-3-1125-32b',
    'openai/gpt-oss-20b': 'gpt-oss-20b',
    'meta-models/muse-glimmer-30b': 'glimmer-30b',
    // Older and shorter spellings found inside trained files.
    'meta-llama/meta-llama-3.1-8b': 'llama3.1-8b',
    'meta-llama/meta-llama-3.1-8b-instruct': 'llama3.1-8b-it',
    'google/gemma-3-270m-pt': 'gemma-3-270m',
    gpt2: 'gpt2-small',
  }),
);

/** Returns Neuronpedia's id for a Hugging Face or TransformerLens model name. Unknown names are returned unchanged. */
export function neuronpediaModelId(name: string): string {
  // Some of Gemma Scope 2's configs say gemma-v3.
  const wanted = name.toLowerCase().replace('gemma-v3-', 'gemma-3-');
  const withOrganisation = idOf.get(wanted);
  if (withOrganisation !== undefined) return withOrganisation;
  // Some configs leave the organisation out: `pythia-70m-deduped`, `Llama-3.1-8B`.
  for (const [full, id] of idOf) if (full.endsWith(`/${wanted}`)) return id;
  return name;
}
