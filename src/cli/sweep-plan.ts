import { isAbsolute, relative } from 'node:path';
import { count } from '../count.ts';
import type { Known } from '../layouts/sae.ts';
import { sourceOf } from '../library/sae-upload.ts';
import { countRows } from '../tensor/ranges.ts';
import type { PreparedSae } from '../upload/kinds/prepared-sae.ts';
import { remarksOn } from '../upload/kinds/sae-remarks.ts';
import type { Server } from '../upload/server.ts';
import { type Column, tableLines } from './deck-table.ts';
import type { Output } from './output.ts';
import { describeQuarantine } from './quarantine.ts';
import { cannotStore, changeLines, madeFor, selectionOf, serverLines, shardText, sideFileLines } from './sae-plan.ts';

const labelWidth = 9;

type Fact = (prepared: PreparedSae) => string;

/**
 * Shows where several SAEs go, before anything is sent: first what they have in common, then a table with a line for
 * each, then what holds for some only. The table always has layer and hook, but model, orientation, decoder and layout
 * only if they are not the same for all.
 */
export function showSweep(out: Output, server: Server, all: readonly PreparedSae[]): void {
  const lines = all.map((one) => sharedLines(server, one));
  const isShared = (line: string) => lines.every((some) => some.includes(line));
  out.note(`SAEs     ${count(all.length)}${inBrackets(all, layoutOf)}`);
  for (const line of placeLines(all)) out.note(line);
  for (const line of serverLines(server, all[0]?.attributes ?? {})) out.note(line);
  for (const line of (lines[0] ?? []).filter(isShared)) out.note(line);
  const width = out.stderr.isTTY && out.stderr.columns ? out.stderr.columns - 1 : Number.POSITIVE_INFINITY;
  const { head, rows } = tableLines(columnsOf(all, out.unicode), width, out.unicode ? '…' : '...');
  for (const line of head) out.note(out.paint.dim(line));
  for (const line of rows) out.note(line);
  for (const [line, sources] of ofSome(all, lines, isShared)) out.note(`${sources.join(', ')}: ${line}`);
  for (const one of all) {
    for (const line of describeQuarantine(one.quarantined, one.delivery.format)) out.warn(`${sourceOf(one)}: ${line}`);
  }
}

const layoutOf: Fact = ({ sae, kind }) => `${sae.layout}, ${kind}`;
const decoderOf: Fact = ({ sae }) => `${sae.decoder.name} ${sae.decoder.dtype}`;
const modelOf: Fact = ({ place }) => place.model.value;
const wayOf: Fact = ({ orientation }) => orientation.value;

/** Returns a fact that is the same for all; empty if it is not. */
function common(all: readonly PreparedSae[], fact: Fact): string {
  const [first, ...others] = all.map(fact);
  return first !== undefined && others.every((other) => other === first) ? first : '';
}

function inBrackets(all: readonly PreparedSae[], fact: Fact): string {
  const shared = common(all, fact);
  return shared && ` (${shared})`;
}

/** Says decoder, orientation and place as far as all share them, and how the place of each is known. */
function placeLines(all: readonly PreparedSae[]): string[] {
  const decoder = common(all, decoderOf) || 'of each as below';
  const ways = distinct(all, ({ orientation }) => `${orientation.value}: ${orientation.from}`);
  const [model, layer] = [common(all, modelOf), common(all, ({ place }) => String(place.layer.value))];
  const own = [!model && 'model', !layer && 'layer'].filter(Boolean).join(', ');
  const made = common(all, madeFor);
  const froms = distinct(all, fromsOf);
  return [
    `decoder  ${decoder}`,
    ...ways.map((way) => `         ${way}`),
    `to       ${[model, layer && `layer ${layer}`].filter(Boolean).join(', ')}${(model || layer) && '; '}${own ? `${own} and hook of each are below` : 'the hook of each is below'}`,
    ...froms.map((from) => `         ${from}`),
    ...(made ? [`source   the ${made} of each will be made`] : []),
  ];
}

const fromsOf: Fact = ({ place, sae }) => {
  const { model, layer, hook, hookIn } = place;
  const own = `--head ${sae.head?.index}`;
  const from = (what: string, known: Known<unknown> | undefined) =>
    known ? [`${what} (${known.from === own ? '--head' : ofAnyLayer(known.from, layer.value)})`] : [];
  return [from('model', model), from('layer', layer), from('hook', hook), from('reads', hookIn)].flat().join(', ');
};

/** Turns `folder layer_12` into `folder layer_{layer}`: the same reason for every layer. */
function ofAnyLayer(from: string, layer: number): string {
  return /^(folder|file) /.test(from) ? from.replace(new RegExp(`(?<!\\d)0*${layer}(?!\\d)`), '{layer}') : from;
}

/** Returns each different fact once; if there are several, with the SAEs that each holds for. */
function distinct(all: readonly PreparedSae[], fact: Fact): string[] {
  const groups = new Map<string, string[]>();
  for (const one of all) groups.set(fact(one), [...(groups.get(fact(one)) ?? []), sourceOf(one)]);
  if (groups.size === 1) return [...groups.keys()];
  return Array.from(groups, ([text, sources]) => `${text}: ${sources.join(', ')}`);
}

/** Returns all that the plan says of one SAE besides its place, worded so that lines can be the same for others. */
function sharedLines(server: Server, one: PreparedSae): string[] {
  const { sae } = one;
  const pathOf = (path: string) => {
    const inside = relative(sae.path, path);
    const isOwn = inside !== '' && !inside.startsWith('..') && !isAbsolute(inside);
    return isOwn ? `its own ${inside}` : path;
  };
  const [some, shard] = [selectionOf(one), shardText(one)];
  const indented = (line: string) => `${' '.repeat(labelWidth)}${line}`;
  return [
    ...(some ? [`rows     ${some}`] : []),
    ...(shard ? [`shard    ${shard}`] : []),
    ...remarksOn(one).map(indented),
    ...sideFileLines(one, pathOf),
    ...cannotStore(server, one),
    ...changeLines(one),
  ];
}

/** Returns the lines that hold for some SAEs but not for all, each once with its sources, in the order of the SAEs. */
function ofSome(
  all: readonly PreparedSae[],
  lines: readonly (readonly string[])[],
  isShared: (line: string) => boolean,
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  all.forEach((one, i) => {
    for (const line of (lines[i] as readonly string[]).filter((each) => !isShared(each))) {
      const text = line.trim().replace(/ {2,}/, ' ');
      found.set(text, [...(found.get(text) ?? []), sourceOf(one)]);
    }
  });
  return found;
}

function columnsOf(all: readonly PreparedSae[], unicode: boolean): Column[] {
  const times = unicode ? '×' : 'x';
  const column = (heading: string, fact: Fact, more: Partial<Column> = {}): Column[] => {
    const cells = all.map(fact);
    return cells.some((cell) => cell !== '') ? [{ heading, cells, ...more }] : [];
  };
  const unlessShared = (heading: string, fact: Fact) => (common(all, fact) ? [] : column(heading, fact));
  return [
    ...column('layer', ({ place }) => String(place.layer.value), { right: true }),
    ...column('head', ({ sae }) => (sae.head ? String(sae.head.index) : ''), { right: true }),
    ...unlessShared('model', modelOf),
    ...column('shape', ({ matrix }) => `${count(matrix.rows)} ${times} ${count(matrix.width)}`, { right: true }),
    ...unlessShared('axis', wayOf),
    ...unlessShared('decoder', decoderOf),
    ...unlessShared('layout', layoutOf),
    ...column('hook', ({ place }) => place.hook?.value ?? 'not given'),
    ...column('reads', ({ place }) => place.hookIn?.value ?? ''),
    ...column('source', sourceOf),
    ...column('rows', ({ planned }) => count(countRows(planned)), { right: true }),
    ...unlessShared('to be made', madeFor),
    ...column('path', ({ sae }) => sae.path, { cut: true }),
  ];
}
