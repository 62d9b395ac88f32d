import { sourceOf } from '../library/sae-upload.ts';
import { countRows } from '../tensor/ranges.ts';
import type { PreparedSae } from '../upload/kinds/prepared-sae.ts';
import { formatShard } from '../upload/shard.ts';

/** Names everything given for an SAE that the server does not store, including its decoder vectors. */
export function lostNames({ notStored, lostFields, delivery }: PreparedSae): string[] {
  return [...Object.keys({ ...notStored, ...lostFields }), ...(delivery.format.values ? [] : [decoderVectors])];
}

export const decoderVectors = 'decoder vectors';

/** Returns the plan of one SAE as a document for `--json`. */
export function planDocument(prepared: PreparedSae): Record<string, unknown> {
  const { sae, place, matrix, orientation, planned, kind } = prepared;
  return {
    path: sae.path,
    layout: sae.layout,
    kind,
    ...(sae.head && { head: sae.head.index }),
    tensor: sae.decoder.name,
    dtype: sae.decoder.dtype,
    shape: sae.decoder.shape,
    orientation: orientation.value,
    orientationFrom: orientation.from,
    features: matrix.rows,
    width: matrix.width,
    as: prepared.as,
    rows: countRows(planned),
    ...(prepared.shard && { shard: formatShard(prepared.shard) }),
    withoutExamples: countRows(prepared.withoutExamples),
    quarantined: prepared.quarantined.size,
    dead: countRows(prepared.dead),
    ...(prepared.facts && { facts: prepared.facts.data.fields }),
    ...(prepared.dashboards && {
      activations: prepared.dashboards.activations,
      fixedTokens: prepared.dashboards.fixedTokens,
    }),
    model: place.model.value,
    layer: place.layer.value,
    hook: place.hook?.value ?? null,
    ...(place.hookIn && { hookIn: place.hookIn.value }),
    source: sourceOf(prepared),
    newModel: prepared.isNewModel,
    newSourceSet: prepared.isNewSet,
    notStored: lostNames(prepared),
  };
}
