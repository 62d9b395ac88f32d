import { AppError } from '../../errors.ts';
import type { Sae } from '../../layouts/sae.ts';
import { intersectRanges, membership, type Ranges, rangesOf, subtractRanges } from '../../tensor/ranges.ts';
import { unchangedSince } from '../../tensor/unchanged.ts';
import { checkAttributes } from '../attributes.ts';
import { checkRows } from '../check-rows.ts';
import { sizeCheck } from '../check-sizes.ts';
import { placeOf } from '../destination.ts';
import { checkLayer, findModel } from '../find-model.ts';
import { refuseOtherOwner } from '../job.ts';
import type { JobIdentity, Looking } from '../run.ts';
import { type Shard, shardSpan } from '../shard.ts';
import type { PreparedSae, SaeOptions, Way } from './prepared-sae.ts';
import { deadAmong, lostFields, openFacts } from './sae-facts.ts';
import { featuresWay } from './sae-features.ts';
import { selectRows } from './sae-indices.ts';
import { settleMatrix } from './sae-matrix.ts';
import { checkLabel, vectorsWay } from './sae-vectors.ts';

/**
 * Checks an SAE against itself, the options and the server, reading every planned row once; writes nothing.
 * Errors: usage, checkpoint_mismatch, all of exit code 6, and those of asking the server.
 */
export async function prepareSae(
  sae: Sae,
  options: SaeOptions,
  { server, stateDir, restart, onEvent }: Looking,
): Promise<PreparedSae> {
  const { attributes = {} } = options;
  checkAttributes(attributes, server);
  checkLabel(options);
  refuseExamplesOfVectors(options);
  const place = placeOf(sae, options);
  const { record: model, isNew: isNewModel } = await findModel(server, place.model.value, options.createModel);
  checkLayer(model, place.layer.value);
  const as = options.as === 'vectors' ? 'vectors' : 'features';
  const identity = identityOf(model.id, place.source, as, options);
  if (!restart) await refuseOtherOwner(server, identity, stateDir);
  const { matrix, orientation } = settleMatrix(sae, options.orientation, model, place.hook?.value);
  // Remembers the file before any of its values is read.
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
    return {
      ...placed,
      ...way,
      wanted,
      ...left,
      lostFields: lostFields(server, as, options.label, facts),
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

/** Refuses examples for vectors: they belong to features, and `upload-vector` sends those of a vector. Error: usage. */
function refuseExamplesOfVectors({ as, activations }: SaeOptions): void {
  if (as !== 'vectors' || activations === undefined) return;
  throw new AppError('usage', '--activations are examples of features, and --as vectors makes steering vectors', {
    hints: ['leave one of them out; a vector with examples is uploaded with: neuronpedia upload-vector --activations'],
  });
}

/** Reduces what is planned and left out to the rows that a shard is responsible for. */
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

/** A row sent alone with `--index` is a separate job (other rows of its source come from other files), and so is a shard. */
function identityOf(model: string, source: string, as: Way['as'], { index, shard }: SaeOptions): JobIdentity {
  return { model, source, as, ...(index !== undefined && { request: `index ${index}` }), ...(shard && { shard }) };
}
