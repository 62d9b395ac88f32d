import { createHash } from 'node:crypto';
import { type Answer, answer } from '../answer.ts';
import { newId } from '../ids.ts';
import type { Call } from '../route.ts';
import type { Completion } from '../store/completions.ts';
import { completionRequest, type SteerSettings } from './request.ts';
import type { CompletionRequest, SteerFeature, Upstream } from './upstream.ts';

/** The texts so far of a steering request's two completions; null before the first token. */
export interface Progress {
  STEERED: string | null;
  DEFAULT: string | null;
  /** The id of the steered completion, once both are complete and stored. */
  id: string | null;
}

/** One steering request: what to complete, and how to show the result. */
export interface Steering {
  call: Call;
  upstream: Upstream;
  given: SteerSettings;
  features: SteerFeature[];
  prompts: Record<CompletionRequest['type'], string>;
  /** Returns the JSON of an answer or frame; only the last one has a `shareUrl`. */
  view(progress: Progress, shareUrl: string | undefined): unknown;
  /** Refuses a request whose model failed. Not called for streams. */
  failed(error: unknown): never;
}

interface Run {
  hash: string;
  request: CompletionRequest;
  kept: Completion | undefined;
}

function directionOf({ vector }: SteerFeature): string | null {
  return vector === null ? null : createHash('sha256').update(Float64Array.from(vector)).digest('hex');
}

function runOf({ call, given, features, prompts }: Steering, type: CompletionRequest['type']): Run {
  const request = completionRequest(type, prompts[type], given, features);
  // The place is not enough: after a row is deleted, another vector may get its index. So hash the direction too.
  const asked = { ...request, features: request.features.map((each) => ({ ...each, vector: directionOf(each) })) };
  const hash = createHash('sha256')
    .update(`${call.path}\n${JSON.stringify(asked)}`)
    .digest('hex');
  return { hash, request, kept: call.store.completions.find(hash) };
}

function keep({ call }: Steering, { hash, kept }: Run, text: string | null): Completion {
  if (kept !== undefined) return kept;
  const made = { id: newId(), text: text ?? '' };
  return call.store.write(() => call.store.completions.keep(hash, made, call.now.toISOString()));
}

// Takes one token of each completion in turn, as recorded in "stream true". Each step yields the texts so far.
async function* advance(upstream: Upstream, runs: readonly Run[], progress: Progress): AsyncIterable<Progress> {
  const open = runs
    .filter(({ kept }) => kept === undefined)
    .map(({ request }) => ({ type: request.type, tokens: iteratorOf(upstream(request)) }));
  try {
    while (open.length > 0) {
      for (const each of [...open]) {
        const { done, value } = await each.tokens.next();
        if (done === true) {
          open.splice(open.indexOf(each), 1);
          continue;
        }
        progress[each.type] = (progress[each.type] ?? '') + value;
        yield progress;
      }
    }
  } finally {
    // If the caller hung up or one completion failed, nobody waits for what is still running.
    await Promise.allSettled(open.map(({ tokens }) => tokens.return?.()));
  }
}

function iteratorOf(tokens: ReturnType<Upstream>): AsyncIterator<string> | Iterator<string> {
  return Symbol.asyncIterator in tokens ? tokens[Symbol.asyncIterator]() : tokens[Symbol.iterator]();
}

// Only complete texts are kept. After a failure the model is asked again.
function last(steering: Steering, runs: readonly [Run, Run], progress: Progress): unknown {
  const [steered, plain] = runs;
  const { id } = keep(steering, steered, progress.STEERED);
  keep(steering, plain, progress.DEFAULT);
  return steering.view({ ...progress, id }, `${steering.call.origin}/steer/${id}`);
}

async function* frames(steering: Steering, runs: readonly [Run, Run], progress: Progress): AsyncIterable<string> {
  const frame = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
  for await (const each of advance(steering.upstream, runs, progress)) yield frame(steering.view(each, undefined));
  yield frame(last(steering, runs, progress));
}

async function whole(steering: Steering, runs: readonly [Run, Run], progress: Progress): Promise<Answer> {
  try {
    for await (const _each of advance(steering.upstream, runs, progress));
  } catch (error) {
    steering.failed(error);
  }
  return answer(last(steering, runs, progress));
}

/**
 * Answers a steering request. A stored completion is not asked for again ("same again: cached"). If both are stored, there
 * is no stream ("stream true, cached: JSON instead of SSE"). A failing stream cuts the connection: before the first token
 * without any answer ("inference server says 503 (stream true)"), later after a partial one ("inference server dies
 * mid-stream").
 */
export async function steer(steering: Steering): Promise<Answer> {
  const runs = [runOf(steering, 'STEERED'), runOf(steering, 'DEFAULT')] as const;
  const [steered, plain] = runs;
  const progress = { STEERED: steered.kept?.text ?? null, DEFAULT: plain.kept?.text ?? null, id: null };
  if (steered.kept !== undefined && plain.kept !== undefined) return answer(last(steering, runs, progress));
  if (!steering.given.stream) return whole(steering, runs, progress);
  return { status: 200, type: 'text/event-stream', text: '', stream: frames(steering, runs, progress) };
}
