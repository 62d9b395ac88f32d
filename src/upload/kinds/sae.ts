import type { DashboardSource } from '../../dashboards/dashboard.ts';
import { AppError } from '../../errors.ts';
import type { Known, Sae, SaeKind } from '../../layouts/sae.ts';
import { formatRanges, intersectRanges, type Ranges, subtractRanges } from '../../tensor/ranges.ts';
import { label, type Matrix, type Orientation } from '../../tensor/tensor.ts';
import { type Attributes, checkAttributes } from '../attributes.ts';
import { checkRows } from '../check-rows.ts';
import type { Delivery } from '../delivery.ts';
import { checkLayer, findModel, type Place, type PlaceOptions, placeOf } from '../destination.ts';
import { type JobIdentity, refuseOtherOwner } from '../job.ts';
import type { UploadRun } from '../run-job.ts';
import type { ModelRecord } from '../server.ts';
import { featuresWay } from './sae-features.ts';
import { settleMatrix } from './sae-matrix.ts';
import { type VectorsOptions, vectorsWay } from './sae-vectors.ts';

export interface SaeOptions extends PlaceOptions, VectorsOptions {
  readonly kind?: SaeKind;
  readonly orientation?: Orientation;
  /** Only these features; all of them when absent. */
  readonly features?: Ranges;
  /** A `.jsonl` of dashboards, or a folder that SAEDashboard wrote; may hold `{layer}`. */
  readonly activations?: string;
  /** `vectors`: each row a steering vector of its own. */
  readonly as?: 'auto' | 'features' | 'vectors';
  /** What is said of it as a whole. */
  readonly attributes?: Attributes;
  /** Layers of the model, to make its record where the server has none. */
  readonly createModel?: number;
}

/** An SAE and where it belongs, as far as its own files, the options and the model's record settle it. */
export interface PlacedSae {
  readonly sae: Sae;
  readonly kind: SaeKind;
  readonly place: Place;
  readonly model: ModelRecord;
  readonly isNewModel: boolean;
  readonly matrix: Matrix;
  readonly orientation: Known<Orientation>;
  /** The rows that were asked for. */
  readonly wanted: Ranges;
}

/** One way for rows to reach a server: as features of a source, or as vectors. */
export interface Way {
  readonly as: 'features' | 'vectors';
  readonly delivery: Delivery;
  /** The rows that the server can take. */
  readonly planned: Ranges;
  readonly isNewSet: boolean;
  /** What was given and the server cannot store, by the names of its options. */
  readonly notStored: Readonly<Record<string, unknown>>;
  readonly dashboards: DashboardSource | undefined;
  /** The fields sent beside the values, as a JSON object. */
  readonly fields: string;
}

/** An SAE that has passed every check that needs no writing: ready to be sent. */
export interface PreparedSae extends PlacedSae, Way {
  readonly attributes: Attributes;
  readonly identity: JobIdentity;
  readonly blocks: ReadonlyMap<number, string>;
  /** Features left out because the server takes none without examples. */
  readonly withoutExamples: Ranges;
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
  const { attributes = {} } = options;
  checkAttributes(attributes, server);
  const place = placeOf(sae, options);
  const { record: model, isNew: isNewModel } = await findModel(server, place.model.value, options.createModel);
  checkLayer(model, place.layer.value);
  const as = options.as === 'vectors' ? 'vectors' : 'features';
  const identity: JobIdentity = { model: model.id, source: place.source, as };
  if (!restart) await refuseOtherOwner(server, identity, stateDir);
  const { matrix, orientation } = settleMatrix(sae, options.orientation, model, place.hook?.value);
  const wanted = wantedRows(matrix, options.features);
  const kind = options.kind ?? sae.kind;
  const placed: PlacedSae = { sae, kind, place, model, isNewModel, matrix, orientation, wanted };
  const way = as === 'vectors' ? await vectorsWay(placed, server, options) : await featuresWay(placed, server, options);
  const blocks = await checkRows(matrix, way.planned, onEvent);
  return { ...placed, ...way, attributes, identity, blocks, withoutExamples: subtractRanges(wanted, way.planned) };
}

function wantedRows(matrix: Matrix, features: Ranges | undefined): Ranges {
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
