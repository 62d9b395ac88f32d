import * as z from '../../schema.ts';
import type { Account } from '../accounts.ts';
import { type Answer, answer, answerList } from '../answer.ts';
import { contentHash } from '../content.ts';
import { hashVector } from '../float32.ts';
import type { Call } from '../route.ts';
import type { FeatureRow, NewFeature } from '../store/features.ts';
import { vectorSource, withIndex } from '../vector-place.ts';
import { attributionFields, attributionOf, requireVisibility } from './attribution.ts';
import { exampleFields, maxActivation } from './examples.ts';
import { VECTOR_FIELDS, viewOf } from './feature-view.ts';
import { findVisible, requireOwn } from './features.ts';
import { answerOnce, type Stored } from './idempotent.ts';
import { numeric, parseAs, rowIndex, text } from './parse.ts';
import { spendQuota } from './quota.ts';
import { readVector } from './read-vector.ts';
import { refuse, refuseField } from './refusal.ts';
import { readJson, requireAccount, requireUploader } from './request.ts';
import { requireModel } from './require-model.ts';
import { storeRow } from './store-row.ts';
import { requireWidth } from './widths.ts';

const MAX_VECTOR_LENGTH = 24_576;

const newVector = z.object({
  modelId: text,
  layerNumber: numeric(z.int().check(z.gte(0))),
  hookType: z.enum(['hook_resid_pre', 'hook_resid_post']),
  vector: z.optional(z.unknown()),
  vectorDefaultSteerStrength: z.nullish(numeric(z.number().check(z.gte(-300), z.lte(300)))),
  vectorLabel: text,
  kind: z.nullish(z.enum(['vector', 'probe'])),
  concept: z.nullish(text),
  bias: z.nullish(numeric(z.number())),
  ...attributionFields,
  ...exampleFields,
});

type NewVector = z.output<typeof newVector>;

const place = z.object({ modelId: text, source: text, index: rowIndex });

function detailsOf({ concept, bias, description, metadata }: NewVector) {
  return {
    name: null,
    concept: concept ?? null,
    bias: bias ?? null,
    description: description ?? null,
    metadata: metadata ?? null,
  };
}

function prepareVector(given: NewVector, account: Account, createdAt: string): Omit<NewFeature, 'index'> {
  const { modelId, layerNumber, hookType } = given;
  const vector = readVector(given.vector, 'vector', MAX_VECTOR_LENGTH);
  const source = vectorSource(layerNumber, hookType);
  const about = {
    kind: given.kind ?? 'vector',
    hookName: `blocks.${layerNumber}.${hookType}`,
    visibility: given.visibility ?? 'public',
    label: given.vectorLabel,
    strength: given.vectorDefaultSteerStrength ?? 10,
    details: { ...detailsOf(given), ...attributionOf(given) },
    vectorHash: hashVector(vector),
  };
  const examples = { activations: given.activations ?? [], explanations: given.explanations ?? [] };
  const rest = { maxActivation: maxActivation(examples.activations), common: null, vector };
  const hash = contentHash({ ...about, ...examples });
  return { modelId, source, owner: account.id, createdAt, ...about, ...rest, contentHash: hash };
}

/** Makes the answer of `vector/new`, which names some fields differently from all other answers. */
function answerStored(call: Call, row: FeatureRow): Answer {
  const { modelId, source, index, label, strength } = row;
  const { vector, ...view } = viewOf(call, row, VECTOR_FIELDS);
  const url = `${call.origin}/${modelId}/${source}/${index}`;
  const named = { source, label, defaultSteerStrength: strength, values: vector };
  return answer({ message: 'Success', url, vector: { ...view, ...named } });
}

function storeVector(call: Call, account: Account, given: NewVector, row: Omit<NewFeature, 'index'>): Stored {
  const { store } = call;
  const { modelId, source, hookName, vector } = row;
  const model = requireModel(store, modelId);
  if (given.layerNumber >= model.layers) {
    refuseField('layerNumber', `must be 0 to ${model.layers - 1} for ${modelId}`);
  }
  const sourceWidth = store.features.widthOf(modelId, source);
  requireWidth(vector!.length, { model, hookName, sourceWidth, path: 'vector' });
  spendQuota(call, account, 1);
  const added = withIndex(store, row);
  storeRow(store, added, given);
  const stored = store.features.find(modelId, source, added.index)!;
  return { answer: answerStored(call, stored), modelId, source, indices: [stored.index] };
}

/** `POST /api/vector/new`: stores a vector or probe at a random index; refuses one that does not fit the model. */
export function createVector(call: Call): Answer {
  const account = requireUploader(call);
  return answerOnce(call, account, () => {
    const given = parseAs(newVector, readJson(call));
    requireVisibility(given.visibility ?? 'public', account);
    const row = prepareVector(given, account, call.now.toISOString());
    return () => storeVector(call, account, given, row);
  });
}

/** `POST /api/vector/get`: one row that has a vector. */
export function getVector(call: Call): Answer {
  const { modelId, source, index } = parseAs(place, readJson(call));
  const row = findVisible(call, modelId, source, index);
  if (row === undefined || row.width === null) refuse(404, 'not_found', `no vector ${modelId}/${source}/${index}`);
  return answer({ vector: viewOf(call, row, VECTOR_FIELDS) });
}

/** `POST /api/vector/list-owned`: all vectors and probes of the user, in full. */
export function listOwnedVectors(call: Call): Answer {
  return answerList('vectors', ownVectors(call, requireAccount(call).id));
}

function* ownVectors(call: Call, owner: string): Generator<object> {
  for (const row of call.store.features.ownedVectors(owner)) {
    const view = viewOf(call, row, VECTOR_FIELDS);
    // Deleted since the answer began.
    if (view.vector !== null) yield view;
  }
}

/** `POST /api/vector/delete`: deletes a vector, probe or feature of the user, and the idempotency keys of its uploads. */
export function deleteVector(call: Call): Answer {
  const { store } = call;
  const account = requireAccount(call);
  const { modelId, source, index } = parseAs(place, readJson(call));
  return store.write(() => {
    store.features.remove(requireOwn(call, account, modelId, source, index).id);
    store.replays.dropFor(modelId, source, index);
    return answer({ message: 'Success' });
  });
}
