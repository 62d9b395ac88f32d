import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { parsePythonJson } from '../python-json.ts';
import * as z from '../schema.ts';
import { openFile, readBytes } from '../tensor/byte-source.ts';
import { type JsonElement, jsonText, readElements } from '../tensor/json-elements.ts';
import { type RequireUnchanged, unchangedSince } from '../tensor/unchanged.ts';
import { type BatchFeature, featureSchema, toDashboard, unevenLogits } from './batch-feature.ts';
import type { DashboardPlace, DashboardSource, ReadOptions } from './dashboard.ts';
import { gatherDashboards, withTokens } from './gather.ts';
import { placeFault } from './place.ts';

/** Format: SAEDashboard's `batch-N.json`, one document of many features. */
const batchSchema = z.looseObject({
  model_id: z.nullish(z.string()),
  layer: z.nullish(z.union([z.number(), z.string()])),
  features: z.array(z.unknown()),
});

/** Where a feature is stored. */
interface Place {
  readonly file: string;
  readonly start: number;
  readonly length: number;
  readonly requireUnchanged: RequireUnchanged;
}

/** Lists the batches of a folder in order. If there are none, SAEDashboard did not write it. */
export async function batchFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^batch-\d+\.json$/.test(name));
  // By number: as text, batch-10 would come before batch-2.
  return names.sort((a, b) => Number(a.slice(6, -5)) - Number(b.slice(6, -5))).map((name) => join(folder, name));
}

/**
 * Opens a folder of SAEDashboard batches: reads each once, checks every feature, and remembers where it is.
 * Dead features are in no batch. Errors: record_invalid listing the first faults by file and feature.
 */
export async function openSaeDashboard(
  folder: string,
  place: DashboardPlace,
  options: ReadOptions,
): Promise<DashboardSource> {
  const placeOf = new Map<number, Place>();
  const found = gatherDashboards(folder, place, options);
  for (const file of await batchFiles(folder)) {
    const onFeature = (feature: BatchFeature, where: Place) => {
      const index = feature.feature_index;
      const fault = placeOf.has(index) ? 'this feature appears twice' : unevenLogits(feature);
      found.add(`${file}, feature ${index}`, index, toDashboard(feature), fault);
      placeOf.set(index, where);
    };
    const batch = await readBatch(file, found.read, onFeature);
    const misplaced = placeFault({ modelId: batch.model_id, layer: batch.layer }, place);
    if (misplaced) found.fault(`${file}: ${misplaced}`);
  }
  return {
    path: folder,
    ...found.finish(),
    read: async (index) => {
      const where = placeOf.get(index);
      return where && withTokens(toDashboard(await readAgain(where)), options).dashboard;
    },
    close: async () => undefined,
  };
}

/** Reads what a batch says of itself. Passes its features on one by one: a batch may be larger than memory. */
async function readBatch(
  file: string,
  onChunk: (bytes: Uint8Array) => void,
  onFeature: (feature: BatchFeature, where: Place) => void,
): Promise<z.infer<typeof batchSchema>> {
  const requireUnchanged = unchangedSince(file);
  const bytes = await openFile(file);
  let count = 0;
  const onElement = ({ text, start }: JsonElement) => {
    const feature = check(file, featureSchema, parsePythonJson(jsonText(text)), `features.${count++}`);
    onFeature(feature, { file, start, length: text.length, requireUnchanged });
  };
  try {
    const batch = await readElements(bytes, { key: 'features', onChunk, onElement });
    return check(file, batchSchema, batch, '');
  } catch (cause) {
    throw cause instanceof SyntaxError ? batchError(file, `is not JSON: ${cause.message}`) : cause;
  } finally {
    await bytes.close();
  }
}

/** Reads a feature again. Error: checkpoint_mismatch if its file has changed since. */
async function readAgain({ file, start, length, requireUnchanged }: Place): Promise<BatchFeature> {
  const bytes = await openFile(file);
  try {
    const text = await readBytes(bytes, start, length);
    requireUnchanged();
    return check(file, featureSchema, parsePythonJson(jsonText(text)), 'it');
  } finally {
    await bytes.close();
  }
}

function check<S extends z.ZodMiniType>(file: string, schema: S, value: unknown, at: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = [at, ...(issue?.path ?? [])].filter((part) => part !== '').join('.');
  throw batchError(file, `${path || 'the whole file'}: ${issue?.message}`);
}

function batchError(file: string, problem: string): AppError {
  return new AppError('record_invalid', `${file}: ${problem}`, { details: { file } });
}
