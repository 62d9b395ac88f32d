import type { DashboardSource } from '../../dashboards/dashboard.ts';
import { AppError } from '../../errors.ts';
import type { Known, Sae, SaeKind } from '../../layouts/sae.ts';
import { intersectRanges, membership, type Ranges, rangesOf, subtractRanges } from '../../tensor/ranges.ts';
import type { Matrix, Orientation } from '../../tensor/tensor.ts';
import { type RequireUnchanged, unchangedSince } from '../../tensor/unchanged.ts';
import { type Attributes, checkAttributes } from '../attributes.ts';
import { checkRows } from '../check-rows.ts';
import { sizeCheck } from '../check-sizes.ts';
import type { Delivery } from '../delivery.ts';
import { checkLayer, findModel, type Place, type PlaceOptions, placeOf } from '../destination.ts';
import { refuseOtherOwner } from '../job.ts';
import type { JobIdentity, SendLimits, UploadRun } from '../run.ts';
import type { ModelRecord } from '../server.ts';
import { type Shard, shardSpan } from '../shard.ts';
import { deadAmong, type FactOptions, lostFields, openFacts, type SaeFacts } from './sae-facts.ts';
import { featuresWay } from './sae-features.ts';
import { type Selection, type SelectionOptions, selectRows } from './sae-indices.ts';
import { settleMatrix } from './sae-matrix.ts';
import { type VectorsOptions, vectorsWay } from './sae-vectors.ts';

export interface SaeOptions extends PlaceOptions, VectorsOptions, SelectionOptions, FactOptions {
  readonly kind?: SaeKind;
  readonly orientation?: Orientation;
  /** A `.jsonl` of dashboards, or a folder that SAEDashboard wrote; may hold `{layer}` and `{head}`. */
  readonly activations?: string;
  /** `vectors`: each row a steering vector of its own. */
  readonly as?: 'auto' | 'features' | 'vectors';
  /** What is said of it as a whole. */
  readonly attributes?: Attributes;
  /** Leave rows out that fail the check, instead of refusing the whole. */
  readonly skipBadRows?: boolean;
  /** Replace empty and NUL tokens of the activations. */
  readonly fixTokens?: boolean;
  /** Layers of the model, to make its record where the server has none. */
  readonly createModel?: number;
  /** Ceilings below what the server allows. */
  readonly limits?: SendLimits;
  /** Only this part of the planned rows, for one of several runs that share an SAE. */
  readonly shard?: Shard;
}

/** An SAE and where it belongs, as far as its own files, the options and the model's record settle it. */
export interface PlacedSae extends Selection {
  readonly sae: Sae;
  readonly kind: SaeKind;
  readonly place: Place;
  readonly model: ModelRecord;
  readonly isNewModel: boolean;
  readonly matrix: Matrix;
  readonly orientation: Known<Orientation>;
  /** What side files say of features. */
  readonly facts: SaeFacts | undefined;
}

/** One way for rows to reach a server: as features of a source, or as vectors. */
export interface Way {
  readonly as: 'features' | 'vectors';
  /** The source that the server files them under: of features the SAE's own. */
  readonly source: string;
  readonly delivery: Delivery;
  /** The rows that the server can take. */
  readonly planned: Ranges;
  /** Rows left out because they failed the check, and why. */
  readonly quarantined: ReadonlyMap<number, string>;
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
  /** Throws where the weights are no longer those that were checked. */
  readonly requireUnchanged: RequireUnchanged;
  /** Features left out because the server takes none without examples. */
  readonly withoutExamples: Ranges;
  /** What was given of features besides examples, as warnings call it. */
  readonly givenFields: readonly string[];
  /** Of these, what does not reach the server. */
  readonly lostFields: Readonly<Record<string, true>>;
  /** Features left out because they never fire. */
  readonly dead: Ranges;
  /** Which part of the SAE all of this is of, where it is not the whole. */
  readonly shard: Shard | undefined;
  /** Closes the side files. */
  close(): Promise<void>;
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
  checkLimits(options.limits);
  refuseExamplesOfVectors(options);
  const place = placeOf(sae, options);
  const { record: model, isNew: isNewModel } = await findModel(server, place.model.value, options.createModel);
  checkLayer(model, place.layer.value);
  const as = options.as === 'vectors' ? 'vectors' : 'features';
  const identity = identityOf(model.id, place.source, as, options);
  if (!restart) await refuseOtherOwner(server, identity, stateDir);
  const { matrix, orientation } = settleMatrix(sae, options.orientation, model, place.hook?.value);
  // Before any of its values is read.
  const requireUnchanged = unchangedSince(matrix.tensor.file);
  const selection = await selectRows(sae, matrix, options);
  const kind = options.kind ?? sae.kind;
  const facts = await openFacts(sae, place, { rows: matrix.rows, indices: selection.indices }, options);
  const files: { close(): Promise<void> }[] = facts ? [facts.data] : [];
  const close = async () => {
    for (const file of files) await file.close();
  };
  try {
    const allDead = options.skipDead ? deadAmong(sae, facts?.data, selection.wanted) : [];
    const allWanted = subtractRanges(selection.wanted, allDead);
    const placed = { sae, kind, place, model, isNewModel, matrix, orientation, ...selection, wanted: allWanted, facts };
    const whole =
      as === 'vectors' ? await vectorsWay(placed, server, options) : await featuresWay(placed, server, options);
    const { way, wanted, dead } = partOf(whole, allWanted, allDead, matrix.rows, options.shard);
    if (way.dashboards) files.push(way.dashboards);
    const { format, maxBytes } = way.delivery;
    const sizes = sizeCheck(format, matrix.width, Math.min(maxBytes, options.limits?.bytes ?? maxBytes));
    const checking = { format, sizes, skipBad: options.skipBadRows ?? false, isPart: !!options.shard };
    const { blocks, bad } = await checkRows(matrix, way.planned, onEvent, checking);
    const planned = subtractRanges(way.planned, rangesOf(bad.keys()));
    const quarantined = new Map([...way.quarantined, ...bad]);
    const withoutExamples = subtractRanges(subtractRanges(wanted, planned), rangesOf(quarantined.keys()));
    const left = { planned, quarantined, dead, withoutExamples };
    const given = { givenFields: facts?.givenFields ?? [], lostFields: lostFields(server, as, options.label, facts) };
    return {
      ...placed,
      ...way,
      wanted,
      ...left,
      ...given,
      shard: options.shard,
      attributes,
      identity,
      blocks,
      requireUnchanged,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** None or less would be sent, and all of it called finished. Error: usage. */
function checkLimits(limits: SendLimits = {}): void {
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue;
    throw new AppError('usage', `limits.${name} is ${value}: expected a whole number above 0`);
  }
}

/** Examples belong to features; a vector gets its own in a command of its own. Error: usage. */
function refuseExamplesOfVectors({ as, activations }: SaeOptions): void {
  if (as !== 'vectors' || activations === undefined) return;
  throw new AppError('usage', '--activations are examples of features, and --as vectors makes steering vectors', {
    hints: ['leave one of them out; a vector with examples is uploaded with: neuronpedia upload-vector --activations'],
  });
}

/** Of what is planned and left out, that which a shard answers for. */
function partOf(way: Way, wanted: Ranges, dead: Ranges, rows: number, shard: Shard | undefined) {
  if (!shard) return { way, wanted, dead };
  const span = shardSpan(way.planned, rows, shard);
  const isOwn = membership(span);
  const planned = intersectRanges(way.planned, span);
  const quarantined = new Map([...way.quarantined].filter(([row]) => isOwn(row)));
  return {
    way: { ...way, planned, quarantined },
    wanted: intersectRanges(wanted, span),
    dead: intersectRanges(dead, span),
  };
}

/** A single row under an index of its own is a job of its own (others of its source come from other files), and so is a shard. */
function identityOf(model: string, source: string, as: Way['as'], { index, shard }: SaeOptions): JobIdentity {
  return { model, source, as, ...(index !== undefined && { request: `index ${index}` }), ...(shard && { shard }) };
}
