import type { DashboardSource } from '../../dashboards/dashboard.ts';
import { openDashboards } from '../../dashboards/open.ts';
import { AppError } from '../../errors.ts';
import { neuronpediaModelId } from '../../layouts/model-names.ts';
import type { Known, Sae, SaeKind } from '../../layouts/sae.ts';
import { formatRanges, intersectRanges, type Ranges, subtractRanges } from '../../tensor/ranges.ts';
import { label, type Matrix, type Orientation } from '../../tensor/tensor.ts';
import { checkRows } from '../check-rows.ts';
import type { BodyFormat, Delivery } from '../delivery.ts';
import { checkLayer, findModel, type Place, type PlaceOptions, placeOf } from '../destination.ts';
import { type JobIdentity, refuseOtherOwner } from '../job.ts';
import { type Preview, previewJob } from '../preview-job.ts';
import { type JobReport, runJob, type UploadRun } from '../run-job.ts';
import type { ModelRecord, Server } from '../server.ts';
import { featureFormat } from './feature-format.ts';
import { settleMatrix } from './sae-matrix.ts';

export interface SaeOptions extends PlaceOptions {
  readonly kind?: SaeKind;
  readonly orientation?: Orientation;
  /** Only these features; all of them when absent. */
  readonly features?: Ranges;
  /** A `.jsonl` of dashboards, or a folder that SAEDashboard wrote; may hold `{layer}`. */
  readonly activations?: string;
  /** Layers of the model, to make its record where the server has none. */
  readonly createModel?: number;
}

/** Ceilings that a person may set below what the server allows. */
export interface SendLimits {
  readonly rows?: number;
  readonly bytes?: number;
  readonly inFlight?: number;
}

/** An SAE that has passed every check that needs no writing: ready to be sent. */
export interface PreparedSae {
  readonly sae: Sae;
  readonly kind: SaeKind;
  readonly place: Place;
  readonly model: ModelRecord;
  readonly isNewModel: boolean;
  readonly isNewSet: boolean;
  readonly matrix: Matrix;
  readonly orientation: Known<Orientation>;
  readonly planned: Ranges;
  /** Features left out because the server takes none without examples. */
  readonly withoutExamples: Ranges;
  readonly dashboards: DashboardSource | undefined;
  readonly blocks: ReadonlyMap<number, string>;
  readonly format: BodyFormat;
  /** Digest of the fields sent beside the values. */
  readonly fields: string;
}

/** What checking an SAE needs besides it. */
export type Preparation = Pick<UploadRun, 'server' | 'stateDir' | 'restart' | 'onEvent'>;

/**
 * Checks an SAE against itself, the options and the server, reading every planned row once; nothing is written.
 * Errors: all of exit code 6, and those of asking the server.
 */
export async function prepareSae(
  sae: Sae,
  options: SaeOptions,
  { server, stateDir, restart, onEvent }: Preparation,
): Promise<PreparedSae> {
  const place = placeOf(sae, options);
  const { record: model, isNew: isNewModel } = await findModel(server, place.model.value, options.createModel);
  checkLayer(model, place.layer.value);
  if (!restart) await refuseOtherOwner(server, identityOf(model.id, place), stateDir);
  const { matrix, orientation } = settleMatrix(sae, options.orientation, model, place.hook?.value);
  const wanted = planRows(matrix, options.features);
  const isNewSet = isNewModel || (await isSetFree(server, model.id, place.saeId));
  const kind = options.kind ?? sae.kind;
  const dashboards = await findDashboards(options.activations, model.id, place);
  const planned = storable(server, sae, wanted, dashboards);
  const blocks = await checkRows(matrix, planned, onEvent);
  const withoutExamples = subtractRanges(wanted, planned);
  const { format, fields } = featureFormat(server.capabilities, model.id, place, kind, sae, dashboards);
  return {
    ...{ sae, kind, place, model, isNewModel, isNewSet, matrix, orientation },
    ...{ planned, withoutExamples, dashboards, blocks, format, fields },
  };
}

function findDashboards(
  path: string | undefined,
  model: string,
  { layer }: Place,
): Promise<DashboardSource> | undefined {
  if (path === undefined) return undefined;
  const isModel = (name: string) => name === model || neuronpediaModelId(name) === model;
  return openDashboards(path.replaceAll('{layer}', String(layer.value)), { model, layer: layer.value, isModel });
}

/** A server that keeps no vectors takes features only with examples. Error: cannot_be_stored with both ways on. */
function storable(server: Server, sae: Sae, wanted: Ranges, dashboards: DashboardSource | undefined): Ranges {
  if (server.capabilities.storesVectors) return wanted;
  const planned = dashboards ? intersectRanges(wanted, dashboards.features) : [];
  if (planned.length > 0) return planned;
  const none = dashboards ? `${dashboards.path} has none for these features` : 'there are none (--activations)';
  throw new AppError(
    'cannot_be_stored',
    `${sae.path}: ${server.name} stores no decoder vectors, and takes features only with examples of their activations; ${none}`,
    {
      hints: [
        'add --activations FILE: a .jsonl, or a folder that SAEDashboard wrote',
        'or upload chosen features as steering vectors: --as vectors --features LIST',
      ],
    },
  );
}

function identityOf(model: string, place: Place): JobIdentity {
  return { model, source: place.source, as: 'features' };
}

function planRows(matrix: Matrix, features: Ranges | undefined): Ranges {
  const all: Ranges = [[0, matrix.rows]];
  if (features === undefined) return all;
  const beyond = subtractRanges(features, all);
  if (beyond.length > 0) {
    throw new AppError(
      'rows_out_of_range',
      `${label(matrix.tensor)}: --features asks for ${formatRanges(beyond)}; there are ${matrix.rows} features, 0 to ${matrix.rows - 1}`,
      {
        hints: ['both ends of a range are included, and features count from 0'],
        details: { found: formatRanges(beyond), expected: `0-${matrix.rows - 1}` },
      },
    );
  }
  return intersectRanges(features, all);
}

/** Whether a source set is still to be made. Error: not_owner where it is somebody else's. */
async function isSetFree(server: Server, modelId: string, name: string): Promise<boolean> {
  const set = await server.getSourceSet(modelId, name);
  if (!set) return true;
  if (set.creatorId === server.account.id) return false;
  throw new AppError(
    'not_owner',
    `the source set "${name}" of ${modelId} belongs to another account; you are ${server.account.name}`,
    {
      hints: ['choose another name with --sae-id'],
      details: { sourceSet: name, model: modelId },
    },
  );
}

/** How features of a prepared SAE reach the server, within the ceilings that a person has set. */
export function saeDelivery(prepared: PreparedSae, server: Server, limits: SendLimits): Delivery {
  const { model, place, format } = prepared;
  const delivery = server.features({ modelId: model.id, source: place.source, format });
  return {
    ...delivery,
    maxRows: Math.min(delivery.maxRows, limits.rows ?? Number.POSITIVE_INFINITY),
    maxBytes: Math.min(delivery.maxBytes, limits.bytes ?? Number.POSITIVE_INFINITY),
    maxInFlight: Math.min(delivery.maxInFlight, limits.inFlight ?? Number.POSITIVE_INFINITY),
  };
}

/** What sending a prepared SAE would do; nothing is written. Errors: those of `previewJob`. */
export function previewSae(
  prepared: PreparedSae,
  run: Pick<UploadRun, 'server' | 'stateDir' | 'onEvent'>,
): Promise<Preview> {
  const { matrix, planned, model, place, isNewSet: isNew } = prepared;
  const delivery = saeDelivery(prepared, run.server, {});
  return previewJob({ ...run, identity: identityOf(model.id, place), matrix, planned, delivery, isNew });
}

/** Sends a prepared SAE, or what an earlier run of the same job left. Errors: those of `runJob`. */
export async function sendSae(
  prepared: PreparedSae,
  run: UploadRun & { readonly limits: SendLimits },
): Promise<JobReport> {
  const { server } = run;
  const { place, matrix, planned, blocks, fields } = prepared;
  if (prepared.isNewModel) await server.createModel(prepared.model.id, prepared.model.layers);
  if (prepared.isNewSet) await server.createSourceSet(prepared.model.id, place.saeId, '');
  return runJob({
    ...run,
    title: `${prepared.model.id}/${place.source}`,
    identity: identityOf(prepared.model.id, place),
    matrix,
    planned,
    blocks,
    fields,
    delivery: saeDelivery(prepared, server, run.limits),
    isNew: prepared.isNewSet,
  });
}
