import type { CompletionRequest, SteerFeature } from './upstream.ts';

/** What every steering request says besides what to complete and with which features; the names are the wire's. */
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

/** The request to the model for one of the two completions. */
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

/** Whether some of these have a vector and some have none: no model takes both in one request. */
export function areMixed(features: readonly SteerFeature[]): boolean {
  const vectors = features.filter(({ vector }) => vector !== null).length;
  return vectors > 0 && vectors < features.length;
}
