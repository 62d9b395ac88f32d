import {
  callback,
  flag,
  listOf,
  needed,
  object,
  oneOf,
  type RulesFor,
  signal,
  text,
  whole,
  within,
} from '../check-options.ts';
import { mostStrength } from '../upload/strength.ts';
import { steeringDefaults, steeringLimits, steerMethods } from './steering.ts';

/** A direction to steer with. */
export interface SteerFeature {
  readonly modelId: string;
  /** The source, such as `6-neuronpedia-resid-post`. `layer` is the servers' name for it. */
  readonly layer: string;
  readonly index: number;
  readonly strength: number;
}

/** A prompt to complete and how to steer it. Limits are those of the public server. */
export interface SteerRequest {
  readonly modelId: string;
  readonly features: readonly SteerFeature[];
  readonly prompt: string;
  /** Completes one turn of a conversation in the model's template instead of plain text. */
  readonly chat?: { readonly specialTokens: boolean } | undefined;
  /** 0 to 2: 0.5 unless said otherwise. */
  readonly temperature?: number;
  /** Most tokens to generate, 1 to 256: 48 unless said otherwise. */
  readonly tokens?: number;
  /** 16 unless said otherwise. */
  readonly seed?: number;
  /** A factor for all strengths, 0 to 20: 1 unless said otherwise. */
  readonly multiplier?: number;
  /** The server's own choice unless said otherwise. */
  readonly method?: (typeof steerMethods)[number] | undefined;
}

/** Both completions so far; null before the first token. */
export interface Completions {
  readonly plain: string | null;
  readonly steered: string | null;
}

/** How to ask for the completions. */
export interface SteerOptions {
  /** Whether to ask for the texts while they grow: yes unless said otherwise. */
  readonly stream?: boolean;
  /** Ends the request, with its reason. */
  readonly signal?: AbortSignal;
  /** Called as the texts grow. What it throws ends the request; a promise that it returns is waited for. */
  readonly onProgress?: (completions: Completions) => void;
}

/**
 * Longest prompt in characters (UTF-16 units), for chats the whole conversation: the public server refuses longer ones.
 */
export const longestPrompt = 2048;

const ofFeature: RulesFor<SteerFeature> = {
  modelId: needed(text),
  layer: needed(text),
  index: needed(whole(0)),
  strength: needed(within(-mostStrength, mostStrength)),
};

/** Rules for a request. */
export const requestRules: RulesFor<SteerRequest> = {
  modelId: needed(text),
  features: needed(listOf(object('a direction', ofFeature), 'a list of directions')),
  prompt: needed({
    expected: `a text of 1 to ${longestPrompt} characters`,
    fits: (value) => text.fits(value) && (value as string).length <= longestPrompt,
  }),
  chat: object('an object', { specialTokens: needed(flag) }),
  temperature: within(...steeringLimits.temperature),
  tokens: whole(...steeringLimits.tokens),
  seed: whole(...steeringLimits.seed),
  multiplier: within(...steeringLimits.multiplier),
  method: oneOf(...steerMethods),
};

/** Rules for how to ask. */
export const steerRules: RulesFor<SteerOptions> = { stream: flag, signal, onProgress: callback };

/** Writes a request as servers read it. */
export function bodyOf(request: SteerRequest, stream: boolean): object {
  const { modelId, features, prompt, chat, method } = request;
  const { temperature, tokens, seed, multiplier } = steeringDefaults;
  const messages = [{ role: 'user', content: prompt }];
  return {
    ...(chat ? { defaultChatMessages: messages, steeredChatMessages: messages } : { prompt }),
    modelId,
    features,
    temperature: request.temperature ?? temperature,
    n_tokens: request.tokens ?? tokens,
    seed: request.seed ?? seed,
    strength_multiplier: request.multiplier ?? multiplier,
    ...(chat && { steer_special_tokens: chat.specialTokens }),
    ...(method && { steer_method: method }),
    ...(stream && { stream }),
  };
}
