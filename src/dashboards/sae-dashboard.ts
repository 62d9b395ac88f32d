import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { openFile, readBytes } from '../tensor/byte-source.ts';
import { rangesOf } from '../tensor/ranges.ts';
import { findFault } from './check-dashboard.ts';
import type { Activation, Dashboard, DashboardPlace, DashboardSource, Logit, ReadOptions } from './dashboard.ts';
import { collectFaults } from './faults.ts';
import { fixTokens } from './fix-tokens.ts';
import { checkPlace } from './place.ts';

const bin = z.nullish(z.number());

/** Format: SAEDashboard's `batch-N.json`, one document of many features. */
const batchSchema = z.looseObject({
  model_id: z.nullish(z.string()),
  layer: z.nullish(z.union([z.number(), z.string()])),
  features: z.array(
    z.looseObject({
      feature_index: z.int(),
      frac_nonzero: z.nullish(z.number()),
      pos_str: z.nullish(z.array(z.string())),
      pos_values: z.nullish(z.array(z.number())),
      neg_str: z.nullish(z.array(z.string())),
      neg_values: z.nullish(z.array(z.number())),
      activations: z.nullish(
        z.array(
          z.looseObject({
            tokens: z.array(z.string()),
            values: z.array(z.number()),
            bin_min: bin,
            bin_max: bin,
            bin_contains: bin,
          }),
        ),
      ),
    }),
  ),
});

type Batch = z.infer<typeof batchSchema>;
type Feature = Batch['features'][number];

/** A document is parsed whole, and Node's longest text is half a gigabyte. */
const largestBatch = 400 << 20;

/** Whether a folder is SAEDashboard's output, by the names of its files. */
export async function batchFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^batch-\d+\.json$/.test(name));
  // By number: as text, batch-10 would come before batch-2.
  return names.sort((a, b) => Number(a.slice(6, -5)) - Number(b.slice(6, -5))).map((name) => join(folder, name));
}

/**
 * Opens a folder of SAEDashboard batches: reads each once, checks every feature, and remembers which batch it is in.
 * Dead features are in no batch. Errors: record_invalid listing the first faults by file and feature.
 */
export async function openSaeDashboard(
  folder: string,
  place: DashboardPlace,
  options: ReadOptions,
): Promise<DashboardSource> {
  const files = await batchFiles(folder);
  const batchOf = new Map<number, number>();
  const withExamples = new Set<number>();
  const faults = place.faults ?? collectFaults(folder, options.skipBad);
  const hash = createHash('sha256');
  let activations = 0;
  let fixedTokens = 0;
  for (const [number, file] of files.entries()) {
    const batch = await readBatch(file, (bytes) => hash.update(bytes));
    const misplaced = checkPlace({ modelId: batch.model_id, layer: batch.layer }, place);
    if (misplaced) faults.add(`${file}: ${misplaced}`);
    for (const feature of batch.features) {
      const index = feature.feature_index;
      const { dashboard, fixed } = readDashboard(feature, options);
      fixedTokens += fixed;
      const twice = batchOf.has(index) ? 'this feature stands there twice' : undefined;
      const fault = twice ?? unevenLogits(feature) ?? findFault(index, dashboard);
      if (fault) faults.add(`${file}, feature ${index}: ${fault}`, index);
      batchOf.set(index, number);
      activations += dashboard.activations.length;
      if (dashboard.activations.length > 0) withExamples.add(index);
    }
  }
  faults.throwIfAny();
  if (fixedTokens > 0) hash.update('tokens replaced');
  for (const index of faults.leftOut.keys()) withExamples.delete(index);
  const lookup = cachedBatches(files, options);
  return {
    path: folder,
    features: rangesOf(withExamples),
    activations,
    hash: hash.digest('hex'),
    fixedTokens,
    faulty: faults.leftOut,
    read: async (index) => {
      const number = batchOf.get(index);
      return number === undefined ? undefined : (await lookup(number)).get(index);
    },
    close: async () => undefined,
  };
}

function readDashboard(feature: Feature, options: ReadOptions): { dashboard: Dashboard; fixed: number } {
  const dashboard = toDashboard(feature);
  return options.fixTokens ? fixTokens(dashboard) : { dashboard, fixed: 0 };
}

/** Features are asked for in order, so one batch in memory serves them all. */
function cachedBatches(
  files: readonly string[],
  options: ReadOptions,
): (number: number) => Promise<ReadonlyMap<number, Dashboard>> {
  let cached = -1;
  let dashboards: ReadonlyMap<number, Dashboard> = new Map();
  return async (number) => {
    if (number !== cached) {
      const { features } = await readBatch(files[number] as string, () => undefined);
      dashboards = new Map(
        features.map((feature) => [feature.feature_index, readDashboard(feature, options).dashboard]),
      );
      cached = number;
    }
    return dashboards;
  };
}

async function readBatch(file: string, onBytes: (bytes: Uint8Array) => void): Promise<Batch> {
  const source = await openFile(file);
  try {
    if (source.size > largestBatch)
      throw batchError(file, `is ${source.size} bytes long; at most ${largestBatch} are read`);
    const bytes = await readBytes(source, 0, source.size);
    onBytes(bytes);
    if (!isUtf8(bytes)) throw batchError(file, 'is not UTF-8');
    const parsed = batchSchema.safeParse(JSON.parse(Buffer.from(bytes.buffer).toString('utf8')));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw batchError(file, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
  } catch (cause) {
    throw cause instanceof SyntaxError ? batchError(file, `is not JSON: ${cause.message}`) : cause;
  } finally {
    await source.close();
  }
}

function batchError(file: string, problem: string): AppError {
  return new AppError('record_invalid', `${file}: ${problem}`, { details: { file } });
}

/** Tokens without values, or the other way round, would be passed over. */
function unevenLogits({ pos_str, pos_values, neg_str, neg_values }: Feature): string | undefined {
  const isUneven = (tokens: Feature['pos_str'], values: Feature['pos_values']) =>
    (tokens?.length ?? 0) !== (values?.length ?? 0);
  if (isUneven(pos_str, pos_values)) return 'pos_str and pos_values are not of one length';
  return isUneven(neg_str, neg_values) ? 'neg_str and neg_values are not of one length' : undefined;
}

function toDashboard(feature: Feature): Dashboard {
  const { frac_nonzero: density, pos_str, pos_values, neg_str, neg_values, activations } = feature;
  return {
    activations: (activations ?? []).map(toActivation),
    ...(typeof density === 'number' && { density }),
    ...(pos_str && pos_values && { topLogits: toLogits(pos_str, pos_values) }),
    ...(neg_str && neg_values && { bottomLogits: toLogits(neg_str, neg_values) }),
  };
}

/** The group of top activations has -1 for its bin: that is no quantile. */
function toActivation({
  tokens,
  values,
  bin_min,
  bin_max,
  bin_contains,
}: NonNullable<Feature['activations']>[number]): Activation {
  const isQuantile = typeof bin_min === 'number' && bin_min !== -1 && bin_contains !== -1;
  if (!isQuantile) return { tokens, values };
  return {
    tokens,
    values,
    quantileMin: bin_min,
    ...(typeof bin_max === 'number' && { quantileMax: bin_max }),
    ...(typeof bin_contains === 'number' && { quantileFraction: bin_contains }),
  };
}

/** As many as a server takes; SAEDashboard may write more. */
const mostLogits = 20;

function toLogits(tokens: readonly string[], values: readonly number[]): Logit[] {
  const count = Math.min(tokens.length, values.length, mostLogits);
  return tokens.slice(0, count).map((token, i) => ({ token, value: values[i] as number }));
}
