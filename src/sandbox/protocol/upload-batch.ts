import type { Account } from '../accounts.ts';
import { type Answer, answer } from '../answer.ts';
import { contentHash } from '../content.ts';
import { hashVector } from '../float32.ts';
import type { Call } from '../route.ts';
import type { NewFeature } from '../store/features.ts';
import { attributionOf, requireVisibility } from './attribution.ts';
import { type Batch, type BatchFeature, readBatch } from './batch-schema.ts';
import { maxActivation } from './examples.ts';
import { answerOnce, type Stored } from './idempotent.ts';
import { spendQuota } from './quota.ts';
import { refuse } from './refusal.ts';
import { readJson, requireUploader } from './request.ts';
import { requireOwnSource } from './source-sets.ts';
import { storeRow } from './store-row.ts';
import { requireWidth } from './widths.ts';

interface PreparedRow {
  given: BatchFeature;
  row: NewFeature;
}

function detailsOf({ density, topLogits, bottomLogits, name, description, metadata }: BatchFeature) {
  return {
    density: density ?? -1,
    topLogits: topLogits ?? [],
    bottomLogits: bottomLogits ?? [],
    name: name ?? null,
    description: description ?? null,
    metadata: metadata ?? null,
  };
}

function commonOf(batch: Batch) {
  return {
    ...attributionOf(batch),
    hookNameIn: batch.hookNameIn ?? null,
    sourceDescription: batch.description ?? null,
    sourceMetadata: batch.metadata ?? null,
  };
}

// Runs before the store is locked, because hashing a batch takes longer than storing it.
function prepareRows(batch: Batch, account: Account, createdAt: string): PreparedRow[] {
  const { modelId, source } = batch;
  const common = commonOf(batch);
  const shared = {
    kind: batch.kind ?? 'sae',
    hookName: batch.hookName ?? null,
    visibility: batch.visibility ?? 'public',
  };
  const sharedHash = contentHash({ ...shared, common });
  return batch.features.map((given) => {
    const details = detailsOf(given);
    const vectorHash = given.vector === null ? null : hashVector(given.vector);
    const activations = given.activations ?? [];
    const content = { sharedHash, vectorHash, details, activations, explanations: given.explanations ?? [] };
    const place = { modelId, source, index: given.index, owner: account.id, createdAt };
    const steering = { label: null, strength: 10, maxActivation: maxActivation(activations) };
    const hashes = { vectorHash, contentHash: contentHash(content) };
    return { given, row: { ...place, ...shared, ...steering, ...hashes, details, common, vector: given.vector } };
  });
}

function requireWidths({ store }: Call, account: Account, batch: Batch, rows: readonly PreparedRow[]): void {
  const { modelId, source } = batch;
  const model = requireOwnSource(store, account, modelId, source);
  let sourceWidth = store.features.widthOf(modelId, source);
  for (const [i, { row }] of rows.entries()) {
    if (row.vector === null) continue;
    requireWidth(row.vector.length, { model, hookName: row.hookName, sourceWidth, path: `features[${i}].vector` });
    sourceWidth ??= row.vector.length;
  }
}

function rowsToAdd({ store }: Call, rows: readonly PreparedRow[]): PreparedRow[] {
  return rows.filter(({ row: { modelId, source, index, contentHash } }, i) => {
    const stored = store.features.contentHash(modelId, source, index);
    if (stored !== undefined && stored !== contentHash) {
      const message = `${modelId}/${source}/${index} already exists with different content`;
      refuse(409, 'feature_exists', message, { path: `features[${i}]` });
    }
    return stored === undefined;
  });
}

function storeBatch(call: Call, account: Account, batch: Batch, rows: readonly PreparedRow[]): Stored {
  requireWidths(call, account, batch, rows);
  const fresh = rowsToAdd(call, rows);
  spendQuota(call, account, fresh.length);
  for (const { row, given } of fresh) storeRow(call.store, row, given);
  const counts = { created: fresh.length, unchanged: rows.length - fresh.length };
  const { modelId, source } = batch;
  const indices = rows.map(({ row }) => row.index);
  return { answer: answer({ message: `${rows.length} features created.`, ...counts }), modelId, source, indices };
}

/** `POST /api/feature/upload-batch`: stores all rows or none. Rows already stored with the same content cost no quota. */
export function uploadBatch(call: Call): Answer {
  const account = requireUploader(call);
  return answerOnce(call, account, () => {
    const batch = readBatch(readJson(call));
    requireVisibility(batch.visibility ?? 'public', account);
    const rows = prepareRows(batch, account, call.now.toISOString());
    return () => storeBatch(call, account, batch, rows);
  });
}
