import type { Account } from '../accounts.ts';
import { answer } from '../answer.ts';
import { EXPLAINERS, METHODS } from '../autointerp.ts';
import { contentHash } from '../content.ts';
import type { Call } from '../route.ts';
import type { NewFeature } from '../store/features.ts';
import { areMatched, type Batch, type BatchFeature, batch, storedActivation } from './batch-shape.ts';
import { findSource } from './catalog.ts';
import type { PublicDetails } from './feature-view.ts';
import { refuseError, refuseOpaquely } from './refusals.ts';
import { isStorable, readAs, requireUser } from './request.ts';
import type { Handler, World } from './world.ts';

/**
 * How much fits in a transaction of 5 s. "6 MB batch: 128 features x 20 activations x 128 tokens (5 s transaction limit)"
 * was too much, 128 x 10 x 128 and 128 x 1 x 1024 were not. Counted in tokens, so that this machine's speed does not matter.
 */
const MOST_TOKENS = 250_000;

function refuseCreation(): never {
  refuseError(500, 'Failed to create features. Please try again or contact support@neuronpedia.org.');
}

// The caller's mistakes that the route throws and the wrapper answers with the opaque 500: "tokens/values length mismatch",
// "duplicated index inside a batch", "unknown methodName".
function requireSound({ features }: Batch): void {
  const indices = new Set(features.map(({ index }) => index));
  if (indices.size !== features.length) refuseOpaquely();
  if (!features.every(({ activations }) => areMatched(activations))) refuseOpaquely();
  for (const { methodName, modelName } of features.flatMap(({ explanations }) => explanations)) {
    if (methodName !== null && !METHODS.includes(methodName)) refuseOpaquely();
    if (modelName !== null && !EXPLAINERS.includes(modelName)) refuseOpaquely();
  }
}

// All the opaque 500: "not the owner", "unknown source set", "layer not in model", "unknown model".
function requireOwnSource({ store }: Call, world: World, account: Account, { modelId, source }: Batch): void {
  const set = findSource(store, world, modelId, source)?.set;
  if (set?.owner !== account.id) refuseOpaquely();
}

function isStorableFeature({ topLogits, bottomLogits, activations, explanations }: BatchFeature): boolean {
  const logits = [...topLogits, ...bottomLogits];
  const tokens = [...logits.map(({ token }) => token), ...activations.flatMap((each) => each.tokens)];
  const edges = activations.flatMap(({ quantileMin, quantileMax }) => [quantileMin ?? 0, quantileMax ?? 0]);
  const numbers = [...logits.map(({ value }) => value), ...edges, ...activations.flatMap((each) => each.values)];
  const texts = [...tokens, ...explanations.map((each) => each.text)];
  return texts.every(isStorable) && numbers.every(Number.isFinite);
}

// Mistakes that only the database finds: "1e999 in values", "NUL in token", "lone surrogate in token", "explanation with a
// VALID modelName: always 500", and too many tokens for one transaction.
function requireStorable({ features }: Batch): void {
  const explanations = features.flatMap((each) => each.explanations);
  if (!features.every(isStorableFeature)) refuseCreation();
  if (explanations.some(({ modelName }) => modelName !== null)) refuseCreation();
  const activations = features.flatMap((each) => each.activations);
  if (activations.reduce((sum, { tokens }) => sum + tokens.length, 0) > MOST_TOKENS) refuseCreation();
}

function rowOf({ modelId, source }: Batch, given: BatchFeature, owner: string, createdAt: string): NewFeature {
  const { index, density, topLogits, bottomLogits, activations } = given;
  const details: PublicDetails = { density, topLogits, bottomLogits };
  const maxActivation = activations.reduce((most, { values }) => Math.max(most, ...values), -Infinity);
  const about = { kind: 'sae', visibility: 'public', hookName: null, label: null, strength: 10 } as const;
  const hashes = { vectorHash: null, contentHash: contentHash(given) };
  const place = { modelId, source, index, owner, createdAt };
  return { ...place, ...about, ...hashes, maxActivation, details, common: null, vector: null };
}

// An existing row stays as it is, but the activations and explanations are added to it again: "the SAME 128 again", "again",
// "the same 100 features again are answered as created".
function storeFeature({ store }: Call, row: NewFeature, given: BatchFeature): void {
  const { modelId, source, index, owner, createdAt } = row;
  const id = store.features.find(modelId, source, index)?.id ?? store.features.add(row);
  for (const each of given.activations) store.examples.addActivation(id, storedActivation(each), createdAt);
  for (const { text, methodName } of given.explanations) {
    store.examples.addExplanation(id, { text, methodName, modelName: null }, owner, createdAt);
  }
}

/** `POST /api/feature/upload-batch`: all or nothing ("one bad feature in the batch: whole batch rolled back"). */
export const uploadBatch: Handler = (call, world) => {
  const { store, now } = call;
  const account = requireUser(call);
  const given = readAs(call, batch, ({ message, path }) => refuseError(400, message, path));
  requireSound(given);
  requireOwnSource(call, world, account, given);
  requireStorable(given);
  const createdAt = now.toISOString();
  store.write(() => {
    for (const each of given.features) storeFeature(call, rowOf(given, each, account.id, createdAt), each);
  });
  return answer({ message: `${given.features.length} features created.` });
};
