import type { CompletionRequest, SteerFeature } from './upstream.ts';

/** The settings of a steering request besides its features and what to complete. The names are those of the JSON body. */
export interface SteerSettings {
  modelId: string;
  temperature: number;
  n_tokens: number;
  freq_penalty: number;
  seed: number;
  strength_multiplier: number;
  stream: boolean;
  steer_method: string;
}

/** Makes the request to the model for one of the two completions. */
export function completionRequest(
  type: CompletionRequest['type'],
  prompt: string,
  given: SteerSettings,
  features: SteerFeature[],
): CompletionRequest {
  const { modelId, temperature, n_tokens: nTokens, freq_penalty: freqPenalty, seed } = given;
  const { strength_multiplier: strengthMultiplier, steer_method: steerMethod } = given;
  const numbers = { temperature, nTokens, freqPenalty, seed, strengthMultiplier, steerMethod };
  return { type, modelId, prompt, features: type === 'STEERED' ? features : [], ...numbers };
}

/** Whether some of these have a vector and others have none. No model takes both in one request. */
export function areMixed(features: readonly SteerFeature[]): boolean {
  const vectors = features.filter(({ vector }) => vector !== null).length;
  return vectors > 0 && vectors < features.length;
}
