import { type Answer, answer } from '../answer.ts';
import { contentHash } from '../content.ts';
import { hashVector } from '../float32.ts';
import { findModel } from '../records/models.ts';
import type { Call } from '../route.ts';
import type { FeatureRow, NewFeature } from '../store/features.ts';
import { vectorSource, withIndex } from '../vector-place.ts';
import { findSource } from './catalog.ts';
import { findRow } from './features.ts';
import { refuseBoth, refuseMessage, refuseOpaquely, refuseUnknown } from './refusals.ts';
import { isStorable, readAs, requireUser } from './request.ts';
import { list, number, object, oneOf, optional, text } from './shape.ts';
import type { Handler, World } from './world.ts';

const SIGNIFICANT_DIGITS = 16;

// A negative or fractional layer passes: "layer -1 is accepted".
const newVector = object({
  modelId: text(),
  layerNumber: number(),
  hookType: oneOf('hook_resid_pre', 'hook_resid_post'),
  vector: list(number(), { max: 24_576 }),
  vectorDefaultSteerStrength: optional(number({ min: -300, max: 300 }), { otherwise: 10 }),
  vectorLabel: text(),
});

type NewVector = ReturnType<typeof newVector>;

const place = object({ modelId: text(), source: text(), index: text() });

// Refuses "wrong dimension (767)", "layer == number of layers", "unknown model", "upper-case model id", and every vector for
// a user's model: "dimension is null, so never".
function requireFit({ store }: Call, world: World, { modelId, layerNumber, vector }: NewVector): void {
  const model = findModel(store, modelId, world.models) ?? refuseMessage(400, 'Model not found');
  if (layerNumber >= model.layers) refuseMessage(400, "Layer number is greater than model's numLayers");
  if (vector.length !== model.dimension) refuseMessage(400, 'Vector dimension does not match model dimension');
}

/** Rounds a double as the database does: to 16 significant digits, and -0 to 0. */
function rounded(value: number): number {
  return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

function rowOf(given: NewVector, owner: string, createdAt: string): Omit<NewFeature, 'index'> {
  const { modelId, layerNumber, hookType, vectorLabel: label, vectorDefaultSteerStrength: strength } = given;
  const vector = Float64Array.from(given.vector, rounded);
  const source = vectorSource(layerNumber, hookType);
  const about = { kind: 'vector', hookName: `blocks.${layerNumber}.${hookType}`, label, strength };
  const vectorHash = hashVector(Float32Array.from(vector));
  const said = { ...about, visibility: 'public', maxActivation: 0, details: {}, common: null } as const;
  return { modelId, source, owner, createdAt, ...said, vectorHash, contentHash: contentHash(given), vector };
}

function storeVector({ store }: Call, row: Omit<NewFeature, 'index'>): FeatureRow {
  return store.write(() => {
    const added = withIndex(store, row);
    store.features.add(added);
    return store.features.find(added.modelId, added.source, added.index)!;
  });
}

/** `POST /api/vector/new`: "same body again -> a second vector with a new index". */
export const createVector: Handler = (call, world) => {
  const { id } = requireUser(call);
  const given = readAs(call, newVector, ({ message }) => refuseMessage(400, message));
  requireFit(call, world, given);
  // "1e999 (parses to Infinity)": only the database refuses it, and a label that it can't store.
  const numbers = [...given.vector, given.layerNumber];
  if (!numbers.every(Number.isFinite) || !isStorable(given.vectorLabel)) refuseUnknown();
  const { modelId, source, index, ...row } = storeVector(call, rowOf(given, id, call.now.toISOString()));
  const { label, createdAt, strength: defaultSteerStrength, hookName } = row;
  const at = { modelId, source, index: String(index) };
  const values = call.store.features.vector(row.id);
  const url = `${call.origin}/${modelId}/${source}/${index}`;
  return answer({
    message: 'Success',
    url,
    vector: { ...at, label, createdAt, defaultSteerStrength, hookName, values },
  });
};

// Some names differ from those in the answer of vector/new.
function vectorView({ store }: Call, row: FeatureRow) {
  return {
    modelId: row.modelId,
    layer: row.source,
    index: String(row.index),
    vectorLabel: row.label,
    createdAt: row.createdAt,
    creatorId: row.owner,
    vectorDefaultSteerStrength: row.strength,
    hookName: row.hookName,
    vector: store.features.vector(row.id),
  };
}

/** `POST /api/vector/get`: "ok, without any key"; "unknown index (falls through to the inference server, then 500)". */
export const getVector: Handler = (call) => {
  const { modelId, source, index } = readAs(call, place, ({ message }) => refuseBoth(400, message));
  const row = findRow(call, modelId, source, index);
  if (row === undefined || row.width === null) refuseOpaquely();
  return answer({ vector: vectorView(call, row) });
};

/** `POST /api/vector/list-owned`: all vectors of the user, unpaged ("note: every row carries the full vector"). */
export const listOwnedVectors: Handler = (call) => {
  const rows = call.store.features.ownedVectors(requireUser(call).id);
  return answer({ vectors: rows.map((row) => vectorView(call, row)) });
};

function removeOwn({ store }: Call, row: FeatureRow): void {
  store.write(() => {
    store.features.remove(row.id);
    store.replays.dropFor(row.modelId, row.source, row.index);
  });
}

/**
 * `POST /api/vector/delete`: Success for everyone: "not the owner: says Success, deletes nothing", "missing index: also
 * Success". Deletes features too ("works, cascades"). "missing source" is a 500, and so is a negative layer.
 */
export const deleteVector: Handler = (call, world): Answer => {
  const { id } = requireUser(call);
  const { modelId, source, index } = readAs(call, place, ({ message }) => refuseMessage(400, message));
  if (source.startsWith('-') || findSource(call.store, world, modelId, source) === undefined) refuseUnknown();
  const row = findRow(call, modelId, source, index);
  if (row?.owner === id) removeOwn(call, row);
  return answer({ message: 'Success' });
};
