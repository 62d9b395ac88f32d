import * as z from '../../schema.ts';
import type { Answer } from '../answer.ts';
import type { Call } from '../route.ts';
import { areMixed } from '../steering/request.ts';
import { steer } from '../steering/run.ts';
import type { SteerFeature, Upstream } from '../steering/upstream.ts';
import { chatSteering, completionView, lengthOf, MAX_PROMPT, type Message } from '../steering/views.ts';
import { requireVisible } from './features.ts';
import { numeric, parseAs, rowIndex, text, truth } from './parse.ts';
import { refuse, refuseField } from './refusal.ts';
import { readJson } from './request.ts';
import { requireModel } from './require-model.ts';

const SEED_LIMIT = 100_000_000;

const steerFields = {
  modelId: text,
  features: z
    .array(z.object({ modelId: text, layer: text, index: rowIndex, strength: numeric(z.number()) }))
    .check(z.minLength(1)),
  temperature: numeric(z.number().check(z.gte(0), z.lte(2))),
  n_tokens: numeric(z.int().check(z.gte(1), z.lte(256))),
  freq_penalty: z._default(numeric(z.number().check(z.gte(-2), z.lte(2))), 1),
  seed: numeric(z.number().check(z.gte(-SEED_LIMIT), z.lte(SEED_LIMIT))),
  strength_multiplier: numeric(z.number().check(z.gte(0), z.lte(20))),
  stream: z._default(truth, false),
  steer_method: z._default(z.enum(['SIMPLE_ADDITIVE', 'ORTHOGONAL_DECOMP']), 'SIMPLE_ADDITIVE'),
};

const completion = z.object({ prompt: text.check(z.maxLength(MAX_PROMPT)), ...steerFields });

const conversation = z.array(z.object({ role: text, content: text }));

const chat = z.object({
  defaultChatMessages: conversation,
  steeredChatMessages: conversation,
  ...steerFields,
  steer_special_tokens: truth,
});

/** Reads what to steer with: rows of the request's model that the caller may see, either all with a vector or none. */
function steerFeatures(call: Call, { modelId, features: given }: Pick<z.output<typeof chat>, 'modelId' | 'features'>) {
  requireModel(call.store, modelId);
  const features = given.map((each, i): SteerFeature => {
    if (each.modelId !== modelId)
      refuseField(`features[${i}].modelId`, `must be the request's modelId ${modelId}, not ${each.modelId}`);
    const row = requireVisible(call, modelId, each.layer, each.index, `features[${i}]`);
    return { ...each, vector: row.width === null ? null : call.store.features.vector(row.id) };
  });
  if (areMixed(features))
    refuseField('features', "can't mix rows with a vector and rows without one in a single steering request");
  return features;
}

// Passes on an inference server's 400, which is about the request. Anything else is the model's failure.
function refuseAsUpstream(error: unknown): never {
  const { status, message = '' } = error as { status?: unknown; message?: string };
  if (status === 400) refuseField('', message);
  refuse(502, 'upstream_failed', `the model failed: ${message}`);
}

/** `POST /api/steer`: completes a prompt twice, steered and not. The caller must be able to see the rows. */
export function steerCompletion(call: Call, upstream: Upstream): Promise<Answer> {
  const given = parseAs(completion, readJson(call));
  const { prompt } = given;
  return steer({
    ...{ call, given, upstream, failed: refuseAsUpstream },
    features: steerFeatures(call, given),
    prompts: { STEERED: prompt, DEFAULT: prompt },
    view: completionView(call.remaining),
  });
}

function requireShort(path: string, messages: readonly Message[]): void {
  if (lengthOf(messages) > MAX_PROMPT) refuseField(path, `has more than ${MAX_PROMPT} characters`);
}

/** `POST /api/steer-chat`: like `/api/steer`, for conversations. */
export function steerChat(call: Call, upstream: Upstream): Promise<Answer> {
  const given = parseAs(chat, readJson(call));
  requireShort('defaultChatMessages', given.defaultChatMessages);
  requireShort('steeredChatMessages', given.steeredChatMessages);
  return steer({
    ...{ call, given, upstream, failed: refuseAsUpstream },
    features: steerFeatures(call, given),
    ...chatSteering(given, call.remaining),
  });
}
