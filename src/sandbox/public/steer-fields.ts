import { findModel } from '../records/models.ts';
import type { Call } from '../route.ts';
import { areMixed } from '../steering/request.ts';
import type { SteerFeature } from '../steering/upstream.ts';
import { findRow } from './features.ts';
import { notAvailable, refuseMessage, refuseUnknown } from './refusals.ts';
import { list, number, object, oneOf, optional, text, truth } from './shape.ts';
import type { World } from './world.ts';

const SEED_LIMIT = 100_000_000;

/** The fields of a steering request after the prompt or the conversations, in the server's order of declaration. */
export const steerFields = {
  modelId: text(),
  features: list(object({ modelId: text(), layer: text(), index: number({ integer: true }), strength: number() })),
  temperature: number({ min: 0, max: 2 }),
  n_tokens: number({ integer: true, min: 1, max: 256 }),
  freq_penalty: optional(number({ min: -2, max: 2 }), { otherwise: 1 }),
  seed: number({ min: -SEED_LIMIT, max: SEED_LIMIT }),
  strength_multiplier: number({ min: 0, max: 20 }),
  stream: optional(truth, { otherwise: false }),
  steer_method: optional(oneOf('SIMPLE_ADDITIVE', 'ORTHOGONAL_DECOMP'), { otherwise: 'SIMPLE_ADDITIVE' as const }),
};

const settings = object(steerFields);

type Given = ReturnType<typeof settings>;

function featureOf(call: Call, given: Given['features'][number]): SteerFeature {
  const { modelId, layer, index } = given;
  const row = findRow(call, modelId, layer, String(index)) ?? refuseMessage(404, notAvailable(call.origin));
  return { ...given, vector: row.width === null ? null : call.store.features.vector(row.id) };
}

/**
 * Reads what to steer with; refuses "unknown vector", "features []", "mixing a vector with a non-vector feature". Accepts an
 * uploaded feature without a vector, which goes to the model as an SAE feature.
 */
export function steerFeatures(call: Call, world: World, given: Given): SteerFeature[] {
  if (findModel(call.store, given.modelId, world.models) === undefined) refuseMessage(404, notAvailable(call.origin));
  if (given.features.length === 0) refuseUnknown();
  const features = given.features.map((each) => featureOf(call, each));
  if (areMixed(features)) refuseMessage(400, "Can't steer both vector and non-vector features");
  return features;
}
