import { count, several } from '../count.ts';
import { describe } from '../layouts/describe.ts';
import { type Known, titleOf } from '../layouts/sae.ts';
import { sourceOf } from '../library/sae-upload.ts';
import { countRows, formatRanges, type Ranges } from '../tensor/ranges.ts';
import { type Attributes, sharing } from '../upload/attributes.ts';
import type { PreparedSae } from '../upload/kinds/prepared-sae.ts';
import { neverFiring } from '../upload/kinds/sae-facts.ts';
import { remarksOn } from '../upload/kinds/sae-remarks.ts';
import { isLimited } from '../upload/quota.ts';
import type { Server } from '../upload/server.ts';
import { nameShard } from '../upload/shard.ts';
import type { Output } from './output.ts';
import { describeQuarantine } from './quarantine.ts';
import { quotaText } from './quota-plan.ts';

/** Shows where one SAE goes and how that is known, before anything is sent. */
export function showPlan(out: Output, server: Server, prepared: PreparedSae): void {
  const { sae, place, matrix, orientation, kind, quarantined } = prepared;
  const { model, layer, hook, hookIn } = place;
  const some = selectionOf(prepared);
  out.note(`SAE      ${titleOf(sae)} (${sae.layout}, ${kind})`);
  out.note(
    `decoder  ${describe(sae.decoder)}: ${count(matrix.rows)} features of ${matrix.width} values${some && `; of these ${some}`}`,
  );
  out.note(`         ${orientation.value}: ${orientation.from}`);
  out.note(`to       ${model.value} (${model.from}), layer ${layer.value} (${layer.from})`);
  out.note(`         hook ${hookText(hook)}${hookIn ? `, reads ${hookText(hookIn)}` : ''}`);
  for (const remark of remarksOn(prepared)) out.note(`         ${remark}`);
  const shard = shardText(prepared);
  if (shard) out.note(`shard    ${shard}`);
  const made = madeFor(prepared);
  out.note(`source   ${sourceOf(prepared)}${made ? ` (the ${made} will be made)` : ''}`);
  for (const line of sideFileLines(prepared)) out.note(line);
  for (const line of serverLines(server, prepared.attributes)) out.note(line);
  for (const line of cannotStore(server, prepared)) out.note(line);
  for (const line of changeLines(prepared)) out.note(line);
  for (const line of describeQuarantine(quarantined, prepared.delivery.format)) out.warn(line);
}

/** Says which server and account an upload goes to, what the account may still send, and the license and visibility. */
export function serverLines(server: Server, attributes: Attributes): string[] {
  const { name, capabilities, account, quota } = server;
  const left = isLimited(quota) ? `: ${quotaText(quota)}` : ' without a daily limit';
  const tier = quota ? `, tier ${quota.tier}${left}` : '';
  const shared = sharing(attributes, capabilities);
  return [
    `server   ${name} (${capabilities.kind}), account ${account.name}${tier}`,
    ...(shared === undefined ? [] : [`license  ${shared}`]),
  ];
}

/** Says which features of an SAE are sent; empty if that is all or none of them. */
export function selectionOf({ matrix, planned, indices }: PreparedSae): string {
  const rows = countRows(planned);
  if (rows === matrix.rows || rows === 0) return '';
  return `${indices.hash ? 'rows ' : ''}${shortRanges(planned)}: ${count(rows)}`;
}

/** Says which part of an SAE is sent; empty without `--shard`. */
export function shardText({ shard, planned }: PreparedSae): string {
  if (!shard) return '';
  return `${nameShard(shard)} only${countRows(planned) === 0 ? ': there are no rows for it, nothing to send' : ''}`;
}

/** Names what will be created on the server: `source set`, `model and source set`; empty if both exist. */
export function madeFor({ isNewModel, isNewSet }: PreparedSae): string {
  return [isNewModel && 'model', isNewSet && 'source set'].filter(Boolean).join(' and ');
}

/** Says what the files beside an SAE hold; `pathOf` returns the name to show for a path. */
export function sideFileLines(prepared: PreparedSae, pathOf = (path: string) => path): string[] {
  const { dashboards, sae } = prepared;
  const { activations = 0, features = [] } = dashboards ?? {};
  const examples = `${several(activations, 'activation')} of ${several(countRows(features), 'feature')}`;
  return [
    ...(dashboards ? [`examples ${pathOf(dashboards.path)}: ${examples}`] : []),
    ...factLines(prepared, pathOf),
    ...(sae.neuronpediaId === undefined ? [] : [`         its config names ${sae.neuronpediaId}; that is ignored`]),
  ];
}

/** Says how the data that is sent differs from the files. */
export function changeLines({ dashboards, matrix }: PreparedSae): string[] {
  const { fixedTokens = 0 } = dashboards ?? {};
  const isWide = matrix.tensor.dtype === 'F64';
  return [
    ...(fixedTokens > 0
      ? [`         ${count(fixedTokens)} empty or NUL tokens are replaced by U+FFFD (--fix-tokens)`]
      : []),
    ...(isWide ? ['         values are float64 in the file and sent as float32'] : []),
  ];
}

function hookText(hook: Known<string> | undefined): string {
  return hook ? `${hook.value} (${hook.from})` : 'not given';
}

/** Shows only the first ten ranges of a selection. */
function shortRanges(rows: Ranges): string {
  const shown = formatRanges(rows.slice(0, 10));
  return rows.length > 10 ? `${shown},…` : shown;
}

/** Says what side files hold about features, which features the rows are, and which are dead or left out. */
function factLines(
  { as, facts, indices, planned, wanted, dead, dashboards }: PreparedSae,
  pathOf: (path: string) => string,
): string[] {
  const lines: string[] = [];
  const [first] = planned[0] ?? [0];
  if (indices.isPart) lines.push(`indices  ${indices.indexOf(first)} (--index), row ${first}`);
  else if (indices.hash !== undefined)
    lines.push(`indices  from the file: row ${first} is feature ${indices.indexOf(first)}`);
  if (facts) {
    const { path, fields, features, notes } = facts.data;
    lines.push(`facts    ${pathOf(path)}: ${fields.join(', ')} for ${several(features, 'feature')}`);
    const namesOnly = 'with --as vectors only their names are sent, where --label contains {name}';
    for (const note of as === 'features' ? notes : [namesOnly]) lines.push(`         ${note}`);
    if (dashboards && fields.includes('density'))
      lines.push('         if --activations has a density too, that one is sent');
  }
  const silent = countRows(neverFiring(facts?.data, wanted));
  if (silent > 0) lines.push(`dead     ${count(silent)} of these never fire: --skip-dead leaves them out`);
  if (dead.length > 0)
    lines.push(
      `dead     left out ${several(countRows(dead), 'feature')} that never ${countRows(dead) === 1 ? 'fires' : 'fire'} (--skip-dead)`,
    );
  return lines;
}

/** Says what this server does not store; shown before sending and again at the end. */
export function cannotStore({ capabilities }: Server, { as, withoutExamples }: PreparedSae): string[] {
  if (capabilities.storesVectors || as === 'vectors') return [];
  const left = countRows(withoutExamples);
  return [
    'decoder vectors are not stored by this server; steering with these features needs the SAE hosted there;',
    'add --as vectors --features LIST for directions of your own',
    ...(left > 0
      ? [`${several(left, 'feature')} without examples left out; a receipt (--receipt FILE) lists them`]
      : []),
  ];
}
