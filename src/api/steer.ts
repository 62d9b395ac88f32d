import { checkOptions, checkValue, type Rule } from '../check-options.ts';
import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { tryParseJson } from '../try-parse-json.ts';
import { isCutOff } from './answer.ts';
import { readAs } from './ask.ts';
import { eventData } from './event-stream.ts';
import type { Answer, Http, HttpRequest, StreamedAnswer } from './http.ts';
import { hungUp, NoAnswer } from './no-answer.ts';
import { brokenOff, errorFrame, explainRefusal, unreachable } from './steer-errors.ts';
import {
  bodyOf,
  type Completions,
  requestRules,
  type SteerOptions,
  type SteerRequest,
  steerRules,
} from './steer-request.ts';

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

const connected: Rule = {
  expected: 'the `http` of a connection',
  fits: (value) => typeof value === 'object' && value !== null && 'request' in value && 'stream' in value,
};

/**
 * Completes a prompt twice, with and without the directions. If a server hangs up instead of streaming, as the public
 * one does when the model behind it refuses, it is asked once more without a stream, to learn why.
 * Errors: usage, unreachable, server_failing, refused, paused (an hourly limit), not_neuronpedia, the signal's reason, and
 * what `onProgress` throws.
 */
export async function steer(http: Http, request: SteerRequest, options: SteerOptions = {}): Promise<Steered> {
  checkValue('http', http, connected);
  checkOptions(request, requestRules);
  checkOptions(options, steerRules);
  options.signal?.throwIfAborted();
  try {
    const answer = await ask(http, request, options);
    return 'chunks' in answer ? await readStream(answer, options) : finished(answer, readWhole(answer));
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  }
}

function ask(http: Http, request: SteerRequest, options: SteerOptions): Promise<Answer | StreamedAnswer> {
  const { stream = true, signal } = options;
  return send(http, request, stream, signal).catch((error: unknown) => {
    if (!(error instanceof NoAnswer)) throw error;
    if (!stream || signal?.aborted || !hungUp(error)) throw unreachable(error);
    return send(http, request, false, signal).catch((again: unknown) => {
      throw again instanceof NoAnswer ? unreachable(again) : again;
    });
  });
}

function send(
  http: Http,
  request: SteerRequest,
  stream: boolean,
  signal: AbortSignal | undefined,
): Promise<Answer | StreamedAnswer> {
  const post: HttpRequest = {
    method: 'POST',
    path: request.chat ? '/api/steer-chat' : '/api/steer',
    body: JSON.stringify(bodyOf(request, stream)),
    headers: stream ? { accept: 'text/event-stream, application/json' } : {},
    ...(signal && { signal }),
  };
  return stream ? http.stream(post) : http.request(post);
}

function readWhole(answer: Answer): Frame {
  if (answer.status < 200 || answer.status > 299) throw explainRefusal(answer);
  if (isCutOff(answer)) throw brokenOff({ plain: null, steered: null }, undefined);
  return readAs(answer, frameSchema, doing);
}

/** Reads a stream. Frames repeat all text so far, default and steered in any order; the last one has the id. */
async function readStream(answer: StreamedAnswer, { onProgress, signal }: SteerOptions): Promise<Steered> {
  let seen: Frame = {};
  const now = () => ({ plain: textOf(seen.DEFAULT), steered: textOf(seen.STEERED) });
  for await (const frame of framesOf(answer, now)) {
    const given = Object.entries(frame).filter(([, value]) => value !== null && value !== undefined);
    seen = { ...seen, ...Object.fromEntries(given) };
    await onProgress?.(now());
    // Texts that have arrived already are read without noticing the signal.
    signal?.throwIfAborted();
  }
  return finished(answer, seen);
}

/** Yields the frames of a stream. Errors: those of frames, and of a stream that breaks off, with the texts so far. */
async function* framesOf({ chunks }: StreamedAnswer, now: () => Completions): AsyncGenerator<Frame> {
  try {
    for await (const data of eventData(chunks)) {
      const frame = readFrame(data);
      if (frame) yield frame;
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw brokenOff(now(), error);
  }
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
