import { count } from '../count.ts';
import { describe } from '../layouts/bare.ts';
import type { Known } from '../layouts/sae.ts';
import { sourceOf } from '../library/sae-upload.ts';
import { titleOf } from '../library/upload-sae.ts';
import { countRows, formatRanges, type Ranges } from '../tensor/ranges.ts';
import type { PreparedSae } from '../upload/kinds/sae.ts';
import { remarksOn } from '../upload/kinds/sae-remarks.ts';
import type { Server } from '../upload/server.ts';
import { formatShard, nameShard } from '../upload/shard.ts';
import type { Output } from './output.ts';
import { describeQuarantine } from './quarantine.ts';
import { quotaLeft } from './quota-plan.ts';

/** Shows where an SAE goes and how that is known, before anything is sent. */
export function showPlan(out: Output, server: Server, prepared: PreparedSae): void {
  const { sae, place, matrix, orientation, planned, kind, dashboards, indices, quarantined } = prepared;
  const rows = countRows(planned);
  const some =
    rows === matrix.rows || rows === 0
      ? ''
      : `; of these ${indices.hash ? 'rows ' : ''}${shortRanges(planned)}: ${count(rows)}`;
  out.note(`SAE      ${titleOf(sae)} (${sae.layout}, ${kind})`);
  out.note(`decoder  ${describe(sae.decoder)}: ${count(matrix.rows)} features of ${matrix.width} values${some}`);
  out.note(`         ${orientation.value}: ${orientation.from}`);
  out.note(`to       ${place.model.value} (${place.model.from}), layer ${place.layer.value} (${place.layer.from})`);
  out.note(`         hook ${hookText(place.hook)}${place.hookIn ? `, reads ${hookText(place.hookIn)}` : ''}`);
  for (const remark of remarksOn(prepared)) out.note(`         ${remark}`);
  if (prepared.shard)
    out.note(
      `shard    ${nameShard(prepared.shard)} only${rows === 0 ? ': there are no rows for it, nothing to send' : ''}`,
    );
  const made = [prepared.isNewModel && 'model', prepared.isNewSet && 'source set'].filter(Boolean).join(' and ');
  out.note(`source   ${sourceOf(prepared)}${made ? ` (the ${made} will be made)` : ''}`);
  if (dashboards)
    out.note(
      `examples ${dashboards.path}: ${count(dashboards.activations)} activations of ${count(countRows(dashboards.features))} features`,
    );
  for (const line of factLines(prepared)) out.note(line);
  if (sae.neuronpediaId !== undefined) out.note(`         its config names ${sae.neuronpediaId}; that is not taken`);
  out.note(`server   ${server.name} (${server.capabilities.kind}), account ${server.account.name}${quotaLeft(server)}`);
  for (const line of cannotStore(server, prepared)) out.note(line);
  if (dashboards && dashboards.fixedTokens > 0) {
    out.note(`         ${count(dashboards.fixedTokens)} empty or NUL tokens are replaced by U+FFFD (--fix-tokens)`);
  }
  for (const line of describeQuarantine(quarantined, prepared.delivery.format)) out.warn(line);
  if (matrix.tensor.dtype === 'F64') out.note('         values are float64 in the file and sent as float32');
  out.document({ type: 'plan', ...planDocument(prepared) });
}

function hookText(hook: Known<string> | undefined): string {
  return hook ? `${hook.value} (${hook.from})` : 'not given';
}

/** A selection that is no pattern is not shown whole. */
function shortRanges(rows: Ranges): string {
  const shown = formatRanges(rows.slice(0, 10));
  return rows.length > 10 ? `${shown},…` : shown;
}

/** What side files say of features, which features the rows are, and which are left out. */
function factLines({ facts, indices, planned, dead, dashboards }: PreparedSae): string[] {
  const lines: string[] = [];
  const [first] = planned[0] ?? [0];
  if (indices.isPart) lines.push(`indices  ${indices.indexOf(first)} (--index), row ${first}`);
  else if (indices.hash !== undefined)
    lines.push(`indices  of the file's own "index": row ${first} is feature ${indices.indexOf(first)}`);
  if (facts) {
    const { path, fields, features, notes } = facts.data;
    lines.push(`facts    ${path}: ${fields.join(', ')} of ${count(features)} features`);
    for (const note of notes) lines.push(`         ${note}`);
    if (dashboards && fields.includes('density'))
      lines.push('         where --activations says a density too, that one is sent');
  }
  if (dead.length > 0)
    lines.push(`dead     ${count(countRows(dead))} features never fire and are left out (--skip-dead)`);
  return lines;
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
    notStored: Object.keys({ ...prepared.notStored, ...prepared.lostFields }),
  };
}
