/** One feature or vector to steer with. */
export interface SteerFeature {
  modelId: string;
  /** Like `6-neuronpedia-resid-post`. */
  layer: string;
  index: number;
  strength: number;
  /** The stored vector; null for an SAE feature, whose direction only a server that holds the SAE knows. */
  vector: ArrayLike<number> | null;
}

/** What a server asks of the model behind it. */
export interface CompletionRequest {
  type: 'STEERED' | 'DEFAULT';
  modelId: string;
  /** The prompt, or a conversation in the model's template. */
  prompt: string;
  /** Empty for DEFAULT. */
  features: SteerFeature[];
  temperature: number;
  nTokens: number;
  freqPenalty: number;
  seed: number;
  strengthMultiplier: number;
  steerMethod: string;
}

/**
 * The model behind a server: gives the tokens that follow a prompt. May throw at any token. If the error has a `status`,
 * that is the status of an inference server's answer.
 */
export type Upstream = (request: CompletionRequest) => Iterable<string> | AsyncIterable<string>;
