import { describe } from '../layouts/bare.ts';
import { countRows, formatRanges } from '../tensor/ranges.ts';
import type { PreparedSae } from '../upload/kinds/sae.ts';
import type { Server } from '../upload/server.ts';
import type { Output } from './output.ts';
import { count } from './progress.ts';

/** Shows where an SAE goes and how that is known, before anything is sent. */
export function showPlan(out: Output, server: Server, prepared: PreparedSae): void {
  const { sae, place, matrix, orientation, planned, kind, dashboards } = prepared;
  const rows = countRows(planned);
  const some = rows === matrix.rows ? '' : `; of these ${formatRanges(planned)}: ${count(rows)}`;
  out.note(`SAE      ${sae.path} (${sae.layout}, ${kind})`);
  out.note(`decoder  ${describe(sae.decoder)}: ${count(matrix.rows)} features of ${matrix.width} values${some}`);
  out.note(`         ${orientation.value}: ${orientation.from}`);
  out.note(`to       ${place.model.value} (${place.model.from}), layer ${place.layer.value} (${place.layer.from})`);
  out.note(`         hook ${place.hook ? `${place.hook.value} (${place.hook.from})` : 'not given'}`);
  const made = [prepared.isNewModel && 'model', prepared.isNewSet && 'source set'].filter(Boolean).join(' and ');
  out.note(`source   ${prepared.model.id}/${place.source}${made ? ` (the ${made} will be made)` : ''}`);
  if (dashboards)
    out.note(
      `examples ${dashboards.path}: ${count(dashboards.activations)} activations of ${count(countRows(dashboards.features))} features`,
    );
  if (sae.neuronpediaId !== undefined) out.note(`         its config names ${sae.neuronpediaId}; that is not taken`);
  out.note(
    `server   ${server.name} (${server.capabilities.kind}), account ${server.account.name}${quota(server, rows)}`,
  );
  for (const line of cannotStore(server, prepared)) out.note(line);
  if (matrix.tensor.dtype === 'F64') out.note('         values are float64 in the file and sent as float32');
  out.document({ type: 'plan', ...planDocument(prepared) });
}

/** What this server drops, said before it is sent and again at the end. */
export function cannotStore({ capabilities }: Server, { as, withoutExamples }: PreparedSae): string[] {
  if (capabilities.storesVectors || as === 'vectors') return [];
  const left = countRows(withoutExamples);
  return [
    'decoder vectors are not stored by this server; steering with these features needs the SAE hosted there;',
    'add --as vectors --features LIST for directions of your own',
    ...(left > 0 ? [`${count(left)} features have no examples and are left out; the receipt lists them`] : []),
  ];
}

/** The same for programs. */
export function planDocument(prepared: PreparedSae): Record<string, unknown> {
  const { sae, place, matrix, orientation, planned, kind } = prepared;
  return {
    path: sae.path,
    layout: sae.layout,
    kind,
    tensor: sae.decoder.name,
    dtype: sae.decoder.dtype,
    shape: sae.decoder.shape,
    orientation: orientation.value,
    orientationFrom: orientation.from,
    features: matrix.rows,
    width: matrix.width,
    as: prepared.as,
    rows: countRows(planned),
    withoutExamples: countRows(prepared.withoutExamples),
    ...(prepared.dashboards && { activations: prepared.dashboards.activations }),
    model: place.model.value,
    layer: place.layer.value,
    hook: place.hook?.value ?? null,
    source: `${prepared.model.id}/${place.source}`,
    newModel: prepared.isNewModel,
    newSourceSet: prepared.isNewSet,
    notStored: Object.keys(prepared.notStored),
  };
}

/** How many days the quota makes of it, said before anything is sent. */
function quota({ quota: has }: Server, rows: number): string {
  if (!has) return '';
  if (has.limit === null) return `, tier ${has.tier} without a daily limit`;
  const left = Math.max(0, has.limit - has.used);
  const days = rows <= left ? 1 : 1 + Math.ceil((rows - left) / Math.max(1, has.limit));
  return `, tier ${has.tier}: ${count(left)} of ${count(has.limit)} features left today${days > 1 ? `, so this takes ${days} days` : ''}`;
}
