import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { tryParseJson } from '../try-parse-json.ts';
import { isCutOff } from './answer.ts';
import { readAs } from './ask.ts';
import { eventData } from './event-stream.ts';
import type { Answer, Http, HttpRequest, StreamedAnswer } from './http.ts';
import { hungUp, NoAnswer } from './no-answer.ts';
import { brokenOff, errorFrame, explainRefusal, unreachable } from './steer-errors.ts';

/** A direction to steer with. */
export interface SteerFeature {
  readonly modelId: string;
  /** The source, such as `6-neuronpedia-resid-post`. `layer` is the servers' name for it. */
  readonly layer: string;
  readonly index: number;
  readonly strength: number;
}

/** The two ways in which a server adds a direction to the residual stream. */
const steerMethods = ['SIMPLE_ADDITIVE', 'ORTHOGONAL_DECOMP'] as const;

/** A prompt to complete and how to steer it. Limits are those of the public server. */
export interface SteerRequest {
  readonly modelId: string;
  readonly features: readonly SteerFeature[];
  readonly prompt: string;
  /** Completes one turn of a conversation in the model's template instead of plain text. */
  readonly chat: { readonly specialTokens: boolean } | undefined;
  readonly temperature: number;
  /** Most tokens to generate, 1 to 256. */
  readonly tokens: number;
  readonly seed: number;
  readonly multiplier: number;
  readonly method: (typeof steerMethods)[number] | undefined;
}

/** Both completions so far; null before the first token. */
export interface Completions {
  readonly plain: string | null;
  readonly steered: string | null;
}

/** A finished answer. */
export interface Steered extends Completions {
  readonly plain: string;
  readonly steered: string;
  readonly id: string | undefined;
  readonly shareUrl: string | undefined;
  /** How many more such requests this network address may make within the hour, if the server says so. */
  readonly remaining: number | undefined;
  /** Whether the server itself marked the answer as finished. */
  readonly whole: boolean;
}

export interface SteerOptions {
  readonly stream: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (completions: Completions) => void;
}

/**
 * Longest prompt in characters (UTF-16 units), for chats the whole conversation: the public server refuses longer ones.
 */
export const longestPrompt = 2048;

const completion = z.nullish(
  z.union([
    z.string(),
    z.looseObject({
      raw: z.nullish(z.string()),
      chatTemplate: z.nullish(z.array(z.looseObject({ role: z.string(), content: z.string() }))),
    }),
  ]),
);

const frameSchema = z.looseObject({
  STEERED: completion,
  DEFAULT: completion,
  id: z.nullish(z.string()),
  shareUrl: z.nullish(z.string()),
  limit: z.nullish(z.union([z.string(), z.number()])),
});

type Frame = z.infer<typeof frameSchema>;

const doing = 'steering';

/**
 * Completes a prompt twice, with and without the directions. If a server hangs up instead of streaming, as the public
 * one does when the model behind it refuses, it is asked once more without a stream, to learn why.
 * Errors: unreachable, server_failing, refused, paused (an hourly limit), not_neuronpedia.
 */
export async function steer(http: Http, request: SteerRequest, options: SteerOptions): Promise<Steered> {
  const answer = await send(http, request, options).catch((error: unknown) => {
    if (!(error instanceof NoAnswer)) throw error;
    if (!options.stream || options.signal.aborted || !hungUp(error)) throw unreachable(error);
    return send(http, request, { ...options, stream: false }).catch((again: unknown) => {
      throw again instanceof NoAnswer ? unreachable(again) : again;
    });
  });
  if ('chunks' in answer) return readStream(answer, options);
  return finished(answer, readWhole(answer));
}

function send(http: Http, request: SteerRequest, { stream, signal }: SteerOptions): Promise<Answer | StreamedAnswer> {
  const post: HttpRequest = {
    method: 'POST',
    path: request.chat ? '/api/steer-chat' : '/api/steer',
    body: JSON.stringify(bodyOf(request, stream)),
    headers: stream ? { accept: 'text/event-stream, application/json' } : {},
    signal,
  };
  return stream ? http.stream(post) : http.request(post);
}

function bodyOf({ modelId, features, prompt, chat, method, ...numbers }: SteerRequest, stream: boolean) {
  const { temperature, tokens, seed, multiplier } = numbers;
  const messages = [{ role: 'user', content: prompt }];
  return {
    ...(chat ? { defaultChatMessages: messages, steeredChatMessages: messages } : { prompt }),
    modelId,
    features,
    temperature,
    n_tokens: tokens,
    seed,
    strength_multiplier: multiplier,
    ...(chat && { steer_special_tokens: chat.specialTokens }),
    ...(method && { steer_method: method }),
    ...(stream && { stream }),
  };
}

function readWhole(answer: Answer): Frame {
  if (answer.status < 200 || answer.status > 299) throw explainRefusal(answer);
  if (isCutOff(answer)) throw brokenOff({ plain: null, steered: null }, undefined);
  return readAs(answer, frameSchema, doing);
}

/** Reads a stream. Frames repeat all text so far, default and steered in any order; the last one has the id. */
async function readStream(answer: StreamedAnswer, { onProgress }: SteerOptions): Promise<Steered> {
  let seen: Frame = {};
  const now = () => ({ plain: textOf(seen.DEFAULT), steered: textOf(seen.STEERED) });
  try {
    for await (const data of eventData(answer.chunks)) {
      const frame = readFrame(data);
      if (!frame) continue;
      const given = Object.entries(frame).filter(([, value]) => value !== null && value !== undefined);
      seen = { ...seen, ...Object.fromEntries(given) };
      onProgress(now());
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw brokenOff(now(), error);
  }
  return finished(answer, seen);
}

/** Parses a frame; undefined for what is none, such as `[DONE]` of some gateways. Error: that of a frame without text. */
function readFrame(data: string): Frame | undefined {
  const json = tryParseJson(data);
  const frame = frameSchema.safeParse(json);
  const error = errorFrame(json);
  if (error && !(frame.success && (frame.data.STEERED || frame.data.DEFAULT))) throw error;
  return frame.success ? frame.data : undefined;
}

function finished({ headers }: Pick<Answer, 'headers'>, frame: Frame): Steered {
  const [plain, steered] = [textOf(frame.DEFAULT), textOf(frame.STEERED)];
  if (plain === null || steered === null) throw brokenOff({ plain, steered }, undefined);
  const left = Number(frame.limit ?? headers.get('x-limit-remaining') ?? Number.NaN);
  return {
    plain,
    steered,
    id: frame.id ?? undefined,
    shareUrl: frame.shareUrl ?? undefined,
    remaining: Number.isFinite(left) ? left : undefined,
    whole: typeof frame.id === 'string',
  };
}

/** The text of a completion. Of a conversation, only the model's last message counts. */
function textOf(said: Frame['STEERED']): string | null {
  if (typeof said !== 'object' || said === null) return said ?? null;
  const last = said.chatTemplate?.at(-1);
  if (!last) return said.raw ?? '';
  return last.role === 'user' ? '' : last.content;
}
