import { count, several } from '../../count.ts';
import type { DashboardSource } from '../../dashboards/dashboard.ts';
import { openDashboards } from '../../dashboards/open.ts';
import { AppError } from '../../errors.ts';
import type { Sae } from '../../layouts/sae.ts';
import { indexNames } from '../../tensor/indices.ts';
import {
  countRows,
  eachRow,
  intersectRanges,
  membership,
  type Ranges,
  rangesOf,
  subtractRanges,
} from '../../tensor/ranges.ts';
import { newSet, notStored } from '../attributes.ts';
import type { Place } from '../destination.ts';
import type { Server, SourceSet } from '../server.ts';
import { featureFormat } from './feature-format.ts';
import type { PlacedSae, SaeOptions, Way } from './prepared-sae.ts';
import { recordPlace } from './record-place.ts';
import { placedPath } from './sae-facts.ts';
import { isVectorPlace } from './sae-vectors.ts';

/**
 * Prepares rows as features of a source set that the account owns, or that is yet to be created. Errors: not_owner,
 * record_invalid, cannot_be_stored (a server that takes none without examples), and those of reading dashboards.
 */
export async function featuresWay(placed: PlacedSae, server: Server, options: SaeOptions): Promise<Way> {
  const { sae, place, model, isNewModel } = placed;
  const set = isNewModel ? undefined : await ownSet(server, model.id, place.saeId);
  const dashboards = await findDashboards(options, sae, model.id, place);
  try {
    if (dashboards) refuseStrange(placed, dashboards);
    return { ...wayOf(placed, server, options, dashboards, set), dashboards };
  } catch (error) {
    await dashboards?.close();
    throw error;
  }
}

function wayOf(
  placed: PlacedSae,
  server: Server,
  options: SaeOptions,
  dashboards: DashboardSource | undefined,
  set: SourceSet | undefined,
): Omit<Way, 'dashboards'> {
  const { capabilities } = server;
  const { source } = placed.place;
  const quarantined = faultyRows(placed, dashboards);
  const wanted = subtractRanges(placed.wanted, rangesOf(quarantined.keys()));
  const planned = storable(server, { ...placed, wanted }, dashboards);
  const { attributes = {} } = options;
  const { format, fields } = featureFormat(placed, dashboards, attributes, capabilities);
  const delivery = server.features({ modelId: placed.model.id, source, format });
  const dropped = notStored(attributes, capabilities, set ?? newSet(attributes));
  return { as: 'features', source, delivery, planned, quarantined, isNewSet: !set, notStored: dropped, fields };
}

/**
 * Refuses examples of features that the SAE does not have: they probably count from 1, and then all of them are one off.
 * Rows with indices of their own may be part of an SAE, so examples of other features are fine. Error: record_invalid.
 */
function refuseStrange({ sae, matrix, indices }: PlacedSae, { path, features }: DashboardSource): void {
  const { tensors } = sae.file;
  const mayBePart = indices.isPart || indexNames.some((name) => tensors.has(name));
  const strange = mayBePart ? [] : subtractRanges(features, [[0, matrix.rows]]);
  const [first] = strange[0] ?? [];
  if (first === undefined) return;
  const found = countRows(strange);
  const those = found === 1 ? 'a feature' : `${count(found)} features`;
  const known = `there are ${matrix.rows}, 0 to ${matrix.rows - 1}`;
  throw new AppError(
    'record_invalid',
    `${path}: has examples of ${those} that this SAE does not have, the first of index ${first}: ${known}`,
    {
      hints: [
        'indices count from 0: if these start at 1, every example is one feature off; otherwise remove these records',
      ],
      details: { file: path, index: first },
    },
  );
}

/** Returns the rows whose examples failed the check, and why. Examples are identified by the index of their feature. */
function faultyRows({ wanted, indices }: PlacedSae, dashboards: DashboardSource | undefined): Map<number, string> {
  const isWanted = membership(wanted);
  const faulty = [...(dashboards?.faulty ?? [])].flatMap(([index, why]) =>
    [...eachRow(indices.rowsOf([[index, index + 1]]))].map((row) => [row, why] as const),
  );
  return new Map(faulty.filter(([row]) => isWanted(row)));
}

async function findDashboards(
  { activations: path, skipBadRows: skipBad = false, fixTokens = false, kind }: SaeOptions,
  sae: Sae,
  model: string,
  { layer }: Place,
): Promise<DashboardSource | undefined> {
  if (path === undefined) return undefined;
  const placed = placedPath(path, sae, layer.value, kind);
  return openDashboards(placed, recordPlace(model, layer.value), { skipBad, fixTokens });
}

/** Returns the storable rows: a server that keeps no vectors takes only rows with examples. Error: cannot_be_stored. */
function storable(server: Server, placed: PlacedSae, dashboards: DashboardSource | undefined): Ranges {
  const { sae, wanted, indices, place } = placed;
  if (server.capabilities.storesVectors) return wanted;
  const planned = dashboards ? intersectRanges(wanted, indices.rowsOf(dashboards.features)) : [];
  if (planned.length > 0) return planned;
  const all = several(countRows(wanted), 'feature');
  const requests = several(Math.ceil(countRows(wanted) / server.capabilities.maxRows), 'request');
  const none = dashboards ? `${dashboards.path} has none for these features` : 'none were given (--activations)';
  throw new AppError(
    'cannot_be_stored',
    `${sae.path}: ${server.name} stores no decoder vectors, and takes features only with examples of their activations; ${none}`,
    {
      hints: [
        `add --activations FILE (a .jsonl, or a folder that SAEDashboard wrote): ${all} in about ${requests}`,
        ...(isVectorPlace(place)
          ? [`or upload chosen ones as steering vectors, a request each: --as vectors --features LIST`]
          : []),
      ],
    },
  );
}

/** Returns the account's source set of that name; undefined if there is none yet. Error: not_owner if it is another's. */
async function ownSet(server: Server, modelId: string, name: string): Promise<SourceSet | undefined> {
  const set = await server.getSourceSet(modelId, name);
  if (set) refuseOthersSet(set, server, modelId, name);
  return set;
}

/** Refuses the source set of another account. Error: not_owner. */
export function refuseOthersSet(set: SourceSet, server: Server, modelId: string, name: string): void {
  if (set.creatorId === server.account.id) return;
  throw new AppError(
    'not_owner',
    `the source set "${name}" of ${modelId} belongs to another account; you are ${server.account.name}`,
    {
      hints: ['choose another name with --sae-id'],
      details: { sourceSet: name, model: modelId },
    },
  );
}
