import { resolve } from 'node:path';
import { placeFault } from '../../dashboards/place.ts';
import { AppError } from '../../errors.ts';
import { combine } from '../../feature-data/combine.ts';
import { deadRows, type FeatureData, type FeatureSet, type SparsityScale } from '../../feature-data/feature-data.ts';
import { openFeatureData } from '../../feature-data/open.ts';
import { saelensSparsity, sparsityBeside } from '../../feature-data/sparsity.ts';
import type { Sae, SaeKind } from '../../layouts/sae.ts';
import { countRows, intersectRanges, type Ranges, subtractRanges } from '../../tensor/ranges.ts';
import type { Place } from '../destination.ts';
import { headOf } from '../head-place.ts';
import type { Server } from '../server.ts';
import { recordPlace } from './record-place.ts';

export interface FactOptions {
  /** A `.jsonl` keyed by index, or arrays with one value per feature; may hold `{layer}` and `{head}`. */
  readonly featureMetadata?: string;
  /** The scale of its `sparsity`. */
  readonly sparsityScale?: SparsityScale;
  /** Leave out features that never fire. */
  readonly skipDead?: boolean;
}

/** What side files say about an SAE's features. */
export interface SaeFacts {
  readonly data: FeatureData;
  /** Fields of the named file, not of one beside the weights: `names of features`, `metadata of features (dead, l0)`. */
  readonly givenFields: readonly string[];
}

/** Fills in a path's `{layer}` and, for a crosscoder, `{head}`. */
export function placedPath(path: string, sae: Sae, layer: number, kind: SaeKind | undefined): string {
  const head = headOf(sae, kind);
  return path.replaceAll('{layer}', String(layer)).replaceAll('{head}', head ? String(head.index) : '{head}');
}

/**
 * Opens what `--feature-metadata` names, and the sparsity that SAELens left beside the weights.
 * Errors: those of reading them.
 */
export async function openFacts(
  sae: Sae,
  { model, layer }: Place,
  set: Pick<FeatureSet, 'rows' | 'indices'>,
  options: FactOptions & { readonly kind?: SaeKind },
): Promise<SaeFacts | undefined> {
  const place = recordPlace(model.value, layer.value);
  const features: FeatureSet = { ...set, placeFault: (named) => placeFault(named, place) };
  const beside = sae.layout === 'SAELens' ? await sparsityBeside(sae.file.path) : undefined;
  const named = options.featureMetadata && placedPath(options.featureMetadata, sae, layer.value, options.kind);
  const scale = options.sparsityScale;
  const isBeside = named !== undefined && beside !== undefined && resolve(named) === resolve(beside);
  const given =
    named === undefined ? undefined : await openFeatureData(named, features, scale ?? (isBeside ? 'log10' : undefined));
  if (beside === undefined || isBeside) return given && { data: given, givenFields: fieldNames(given) };
  try {
    // If a file was named, `sparsityScale` is about that file. SAELens' own is a logarithm unless the option says otherwise.
    const found = await openFeatureData(beside, features, given ? 'log10' : (scale ?? 'log10'));
    return { data: given ? await combine(given, found) : found, givenFields: given ? fieldNames(given) : [] };
  } catch (error) {
    await given?.close();
    throw error;
  }
}

const names = 'names of features';
export const densities = 'densities of features';

function fieldNames({ fields }: FeatureData): string[] {
  const keys = fields.filter((name) => !['name', 'description', 'density'].includes(name));
  return [
    ...(fields.includes('name') ? [names] : []),
    ...(fields.includes('description') ? ['descriptions of features'] : []),
    ...(keys.length > 0 ? [`metadata of features (${keys.join(', ')})`] : []),
    // A density derived from a frequency is listed, and kept, as the frequency.
    ...(fields.includes('density') && !keys.includes('frequency') ? [densities] : []),
  ];
}

/** Given fields that are lost: some servers keep only densities; vectors have no density, and a name only in their label. */
export function lostFields(
  { capabilities }: Server,
  as: 'features' | 'vectors',
  label: string | undefined,
  facts: SaeFacts | undefined,
): Record<string, true> {
  const given = facts?.givenFields ?? [];
  const isKept = (field: string) => {
    if (field === densities) return as === 'features';
    return capabilities.storesAttributes && (field !== names || as === 'features' || label?.includes('{name}'));
  };
  return Object.fromEntries(given.filter((field) => !isKept(field)).map((field) => [field, true]));
}

/**
 * Returns the wanted rows that never fire, to be left out. Errors: option_missing if nothing says which features fire,
 * rows_out_of_range if no row is left.
 */
export function deadAmong(sae: Sae, data: FeatureData | undefined, wanted: Ranges): Ranges {
  if (!data?.firing.some((state) => state !== 0)) {
    throw new AppError('option_missing', `${sae.path}: --skip-dead: nothing says which features fire`, {
      hints: [
        'add --feature-metadata FILE with dead, density, frequency, frac_nonzero, or sparsity as log10',
        `SAELens' ${saelensSparsity} is picked up automatically if it is beside the weights`,
      ],
    });
  }
  const dead = neverFiring(data, wanted);
  if (subtractRanges(wanted, dead).length > 0) return dead;
  throw new AppError(
    'rows_out_of_range',
    `${sae.path}: --skip-dead leaves nothing: all ${countRows(wanted)} features are dead`,
    {
      hints: [`${data.path} says so; to upload them anyway, leave out --skip-dead`],
    },
  );
}

/** Returns those of some rows whose features never fire, as far as side files say. */
export function neverFiring(data: FeatureData | undefined, rows: Ranges): Ranges {
  return data ? intersectRanges(rows, deadRows(data)) : [];
}
