import { isUtf8 } from 'node:buffer';
import { type Feature, fetchFeature } from '../api/feature.ts';
import { type FeatureId, idText } from '../api/feature-id.ts';
import type { Http } from '../api/http.ts';
import { longestPrompt, type SteerRequest } from '../api/steer-request.ts';
import { steeringDefaults } from '../api/steering.ts';
import { AppError } from '../errors.ts';
import { defaultStrength, mostStrength } from '../upload/strength.ts';
import type { CommandContext } from './context.ts';
import { parseId } from './id.ts';
import { readStandardInput } from './standard-input.ts';

/** A direction to steer with, and where its strength comes from. */
export interface SteeringDirection extends FeatureId {
  readonly id: string;
  readonly strength: number;
  readonly strengthFrom: 'id' | 'option' | 'stored' | 'default';
  readonly feature: Feature;
}

/** A direction as it was typed. */
export interface TypedDirection extends FeatureId {
  readonly strength: number | undefined;
}

/** Reads `model/source/index[@strength]` ids or URLs. Error: usage, also for several models or a repeated direction. */
export function parseDirections(words: readonly string[]): TypedDirection[] {
  const directions = words.map(parseDirection);
  const models = [...new Set(directions.map(({ model }) => model))];
  if (models.length > 1) {
    throw new AppError('usage', `these directions belong to ${models.length} models: ${models.join(', ')}`, {
      hints: ['one model is steered at a time: name directions of the same model'],
    });
  }
  const seen = new Set<string>();
  for (const one of directions) {
    const id = idText(one);
    if (seen.has(id))
      throw new AppError('usage', `${id} is named twice`, { hints: [`name it once, with one strength: ${id}@40`] });
    seen.add(id);
  }
  return directions;
}

function parseDirection(word: string): TypedDirection {
  const match = /^(.*\/[^@/]+)@([^/]*)$/.exec(word);
  if (!match) return { ...parseId(word), strength: undefined };
  const [, id, text] = match as unknown as [string, string, string];
  const strength = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(Math.abs(strength) <= mostStrength)) {
    throw new AppError('usage', `"${word}": expected a strength of -${mostStrength} to ${mostStrength} after the @`, {
      hints: ['for example gpt2-small/6-my-sae/1234@-20'],
    });
  }
  return { ...parseId(id), strength };
}

/**
 * Looks up each direction on the server to get the strength that is stored with it.
 * Errors: not_found naming all that are missing, cannot_steer if vectors and features are mixed.
 */
export async function readDirections(
  http: Http,
  server: string,
  { options, stop }: CommandContext,
  typed: readonly TypedDirection[],
): Promise<SteeringDirection[]> {
  const read = await Promise.all(typed.map(async (one) => ({ one, feature: await fetchFeature(http, one, stop) })));
  const missing = read.filter(({ feature }) => !feature).map(({ one }) => idText(one));
  if (missing.length > 0) {
    throw new AppError('not_found', `${server} has no feature ${missing.join(', ')}`, {
      hints: ['neuronpedia status shows what was uploaded from here'],
      details: { ids: missing },
    });
  }
  const directions = read.map(({ one, feature }) => direction(one, feature as Feature, options.strength));
  refuseMixture(directions);
  return directions;
}

function direction(one: TypedDirection, feature: Feature, option: number | undefined): SteeringDirection {
  const stored = feature.vectorDefaultSteerStrength ?? undefined;
  const strengthFrom =
    one.strength !== undefined
      ? 'id'
      : option !== undefined
        ? 'option'
        : stored !== undefined
          ? 'stored'
          : ('default' as const);
  const strength = one.strength ?? option ?? stored ?? defaultStrength;
  return { ...one, id: idText(one), strength, strengthFrom, feature };
}

/** Refuses a mixture: both kinds of server steer with vectors, or with features of SAEs that the model's host holds. */
function refuseMixture(directions: readonly SteeringDirection[]): void {
  const vectors = directions.filter(({ feature }) => feature.hasVector === true).map(({ id }) => id);
  const features = directions.filter(({ feature }) => feature.hasVector === false).map(({ id }) => id);
  if (vectors.length === 0 || features.length === 0) return;
  throw new AppError('cannot_steer', 'the server cannot steer with vectors and SAE features at once', {
    hints: [`with a vector: ${vectors.join(', ')}; without one: ${features.join(', ')}`],
    details: { vectors, features },
  });
}

/** Returns the text of `--prompt`, or for `-` all of standard input except its last newline. Error: usage. */
export async function readPrompt(context: CommandContext): Promise<string> {
  const given = context.options.prompt as string;
  const prompt = given === '-' ? await readText(context) : given;
  if (prompt === '') throw new AppError('usage', 'the prompt is empty', { hints: ['give it as --prompt "I think"'] });
  if (prompt.length > longestPrompt) {
    throw new AppError('usage', `the prompt has more than ${longestPrompt} characters`, {
      hints: ['the server does not accept longer prompts'],
      details: { found: prompt.length, expected: longestPrompt },
    });
  }
  return prompt;
}

async function readText(context: CommandContext): Promise<string> {
  // More bytes than this are too long whatever they encode, and may end in the middle of a character.
  const most = 4 * (longestPrompt + 2);
  const bytes = await readStandardInput(context, most);
  if (bytes.length <= most && !isUtf8(bytes)) {
    throw new AppError('usage', 'standard input: the prompt is not UTF-8 text', {
      hints: ['save it as UTF-8, for example with: iconv -t UTF-8'],
    });
  }
  return new TextDecoder().decode(bytes).replace(/\r?\n$/, '');
}

/** Builds the request from options, directions and prompt. */
export function steerRequest(
  { options }: CommandContext,
  directions: readonly SteeringDirection[],
  prompt: string,
): SteerRequest {
  const { method, chat, specialTokens = true } = options;
  const { tokens, temperature, seed, multiplier } = steeringDefaults;
  return {
    modelId: (directions[0] as SteeringDirection).model,
    features: directions.map(({ model, source, index, strength }) => ({
      modelId: model,
      layer: source,
      index: Number(index),
      strength,
    })),
    prompt,
    chat: chat ? { specialTokens } : undefined,
    temperature: options.temperature ?? temperature,
    tokens: options.tokens ?? tokens,
    seed: options.seed ?? seed,
    multiplier: options.multiplier ?? multiplier,
    method,
  };
}
