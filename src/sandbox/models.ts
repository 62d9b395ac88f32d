/** A model that a sandbox knows without a user having made it. */
export interface BuiltInModel {
  id: string;
  /** Width of the residual stream. */
  dimension: number;
  layers: number;
  displayNameShort: string;
  displayName: string;
  owner: string;
  /** 0 if it is not recorded. */
  neuronsPerLayer: number;
}

type Names = Partial<Pick<BuiltInModel, 'displayNameShort' | 'displayName' | 'owner' | 'neuronsPerLayer'>>;

function model(id: string, dimension: number, layers: number, names: Names = {}): BuiltInModel {
  return { id, dimension, layers, displayNameShort: id, displayName: id, owner: '', neuronsPerLayer: 0, ...names };
}

/**
 * The built-in models: id, residual width, layers. To add one, add a line. Models with an unknown width or an unconfirmed
 * id are left out: users can make them with `model/new`.
 */
export const BUILT_IN_MODELS: readonly BuiltInModel[] = [
  model('gpt2-small', 768, 12, {
    displayNameShort: 'GPT2-SM',
    displayName: 'GPT2-Small',
    owner: 'OpenAI',
    neuronsPerLayer: 3072,
  }),
  // The model that the SAE in fixtures/ was trained on. No other server knows it.
  model('tiny-kjv-4l', 64, 4),
  model('pythia-70m-deduped', 512, 6),
  model('gemma-2b', 2048, 18),
  model('gemma-2b-it', 2048, 18),
  model('gemma-2-2b', 2304, 26, {
    displayNameShort: 'Gemma-2-2B',
    displayName: 'Gemma-2-2B',
    owner: 'Google',
    neuronsPerLayer: 9216,
  }),
  model('gemma-2-2b-it', 2304, 26),
  model('gemma-2-9b', 3584, 42),
  model('gemma-2-9b-it', 3584, 42),
  model('gemma-2-27b', 4608, 46),
  model('gemma-3-270m', 640, 18),
  model('gemma-3-270m-it', 640, 18),
  model('gemma-3-1b', 1152, 26),
  model('gemma-3-1b-it', 1152, 26),
  model('gemma-3-4b', 2560, 34),
  model('gemma-3-4b-it', 2560, 34),
  model('gemma-3-12b', 3840, 48),
  model('gemma-3-12b-it', 3840, 48),
  model('gemma-3-27b', 5376, 62),
  model('gemma-3-27b-it', 5376, 62),
  model('gemma-4-e2b', 1536, 35),
  model('gemma-4-e4b', 2560, 42),
  model('gemma-4-31b', 5376, 60),
  model('llama3-8b-it', 4096, 32),
  model('llama3.1-8b', 4096, 32, {
    displayNameShort: 'Llama3.1-8B',
    displayName: 'Llama3.1-8B',
    owner: 'Meta',
    neuronsPerLayer: 14336,
  }),
  model('llama3.1-8b-it', 4096, 32),
  model('llama3.3-70b-it', 8192, 80),
  model('deepseek-r1-distill-llama-8b', 4096, 32),
  model('deepseek-v4-flash', 4096, 43),
  model('qwen2.5-1.5b-it', 1536, 28),
  model('qwen2.5-7b-it', 3584, 28),
  model('qwen3-0.6b', 1024, 28),
  model('qwen3-1.7b', 2048, 28),
  model('qwen3-4b', 2560, 36),
  model('qwen3-8b', 4096, 36),
  model('qwen3-14b', 5120, 40),
  model('qwen3-32b', 5120, 64),
  model('qwen3.5-0.8b', 1024, 24),
  model('qwen3.5-2b-pt', 2048, 24),
  model('qwen3.5-4b', 2560, 32),
  model('qwen3.5-9b-pt', 4096, 32),
  model('qwen3.5-27b', 5120, 64),
  model('qwen3.6-27b', 5120, 64),
  model('olmo-3-1025-7b', 4096, 32),
  model('olmo-3-1125-32b', 5120, 64),
  model('gpt-oss-20b', 2880, 24),
];
