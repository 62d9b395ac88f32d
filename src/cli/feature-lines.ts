import type { Activation, Feature } from '../api/feature.ts';
import type { Explanation } from '../api/schemas.ts';
import { count } from '../count.ts';
import { markedText, strongest, tokenText } from './activation-text.ts';
import { safeText, widthOf } from './display-text.ts';
import type { Output } from './output.ts';

/** One line about a feature: a label, and the text beside it. */
export type FeatureLine = readonly [name: string, text: string];

const shownActivations = 5;
const nameWidth = 13;

/** Formats everything a server says about a feature as lines for people; missing facts are left out. */
export function featureLines(out: Output, feature: Feature): FeatureLine[] {
  const width = (out.columns ?? 100) - nameWidth;
  return [...aboutLines(feature), ...vectorLines(feature, width), ...exampleLines(out, feature, width)];
}

function aboutLines(feature: Feature): FeatureLine[] {
  const { hookName, hookNameIn, tags, metadata, sourceMetadata, bias } = feature;
  return present([
    ['name', feature.name ?? feature.vectorLabel],
    ['description', feature.description],
    ['kind', feature.kind],
    ['concept', feature.concept],
    ['bias', bias === null || bias === undefined ? undefined : String(bias)],
    ['hook', hookNameIn ? `${hookNameIn} → ${hookName}` : hookName],
    ['by', feature.creator?.name ?? feature.creatorId],
    ['created', feature.createdAt],
    ['visibility', feature.visibility],
    ['license', feature.license],
    ['tags', tags?.length ? tags.join(', ') : undefined],
    ['paper', feature.paperUrl],
    ['metadata', fieldsText(metadata)],
    ['of the SAE', feature.sourceDescription],
    [feature.sourceDescription ? '' : 'of the SAE', fieldsText(sourceMetadata)],
  ]);
}

function vectorLines(feature: Feature, width: number): FeatureLine[] {
  const { vector, vectorHash, kind, frac_nonzero: density, hasVector } = feature;
  const isVector = kind ? kind === 'vector' || kind === 'probe' : hasVector === true;
  return present([
    [
      'vector',
      vector && vector.length > 0 ? `${vector.length} values: ${preview(vector)}, norm ${norm(vector)}` : 'not stored',
    ],
    ['vector hash', vectorHash],
    ['strength', isVector ? feature.vectorDefaultSteerStrength?.toString() : undefined],
    ['density', isVector || density === undefined || density === null || density < 0 ? undefined : String(density)],
    ['top logits', logitsText(feature.pos_str, feature.pos_values, width)],
    ['bottom', logitsText(feature.neg_str, feature.neg_values, width)],
  ]);
}

function exampleLines(out: Output, { activations, explanations }: Feature, width: number): FeatureLine[] {
  const strongestFirst = [...(activations ?? [])].sort((a, b) => peak(b) - peak(a));
  const shown = strongestFirst.slice(0, shownActivations);
  const more = strongestFirst.length > shown.length ? `, the strongest ${shown.length}` : '';
  return [
    ...(explanations ?? []).flatMap(explanationLines),
    ['activations', `${count(strongestFirst.length)}${more}`],
    ...shown.map((one): FeatureLine => {
      const value = round(peak(one)).padStart(8);
      return ['', `${value}  ${markedText(one.tokens, one.values, width - 10, out.page.paint)}`];
    }),
  ];
}

function explanationLines(explanation: Explanation): FeatureLine[] {
  const { description, typeName, explanationModelName, author, authorId, scores } = explanation;
  const made = [
    typeName && `method ${typeName}`,
    explanationModelName && `model ${explanationModelName}`,
    (author?.name ?? authorId) && `by ${author?.name ?? authorId}`,
  ].filter(Boolean);
  const scored = (scores ?? []).map(({ value, explanationScoreTypeName: type, explanationScoreModelName: model }) => {
    const by = model ? ` by ${model}` : '';
    return `score ${type ?? 'unnamed'}${by}: ${value === null || value === undefined ? 'none' : round(value)}`;
  });
  return present([
    ['explanation', description ?? '(without text)'],
    ['', made.length > 0 ? `  ${made.join(', ')}` : undefined],
    ...scored.map((text) => ['', `  ${text}`] as const),
  ]);
}

/** Drops lines without text, and makes the texts safe for a terminal: other people wrote them. */
function present(lines: readonly (readonly [string, string | null | undefined])[]): FeatureLine[] {
  return lines.flatMap(([name, text]) =>
    text === null || text === undefined || text === '' ? [] : [[name, safeText(text).replaceAll('\n', ' ')] as const],
  );
}

function fieldsText(fields: Feature['metadata']): string | undefined {
  const entries = Object.entries(fields ?? {}).filter(([, value]) => value !== null && value !== undefined);
  if (entries.length === 0) return undefined;
  return entries
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

/** Lists as many logits as fit on a line, at least one. */
function logitsText(texts: Feature['pos_str'], values: Feature['pos_values'], width: number): string | undefined {
  const all = (texts ?? []).map((text, i) => `"${tokenText(text)}" ${round(values?.[i] ?? 0)}`);
  let [shown, line] = [0, ''];
  while (shown < all.length) {
    const longer = line === '' ? (all[shown] as string) : `${line}, ${all[shown]}`;
    if (shown > 0 && widthOf(longer) > width - ', …'.length) break;
    line = longer;
    shown++;
  }
  return shown < all.length ? `${line}, …` : line;
}

function peak({ values }: Activation): number {
  return values[strongest(values)] ?? Number.NEGATIVE_INFINITY;
}

/** Formats a value with up to four significant digits, enough to compare activations. */
export function round(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : '-';
}

function preview(vector: readonly number[]): string {
  const first = vector.slice(0, 4).map((value) => String(Math.round(value * 1e5) / 1e5));
  return vector.length > 4 ? `${first.join(', ')}, …` : first.join(', ');
}

function norm(vector: readonly number[]): string {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)).toFixed(4);
}
