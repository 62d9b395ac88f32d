import { several } from '../count.ts';
import { vectorHash } from './fingerprint.ts';
import type { RowContent } from './server.ts';

/** A field in which the server's copy of a row differs from what was sent; values as people read them. */
export interface FieldDifference {
  readonly field: string;
  readonly expected: string;
  readonly found: string;
}

/** Fields of a request that have another name when read back. Those in `whole` are shared by all rows of an upload. */
const readName = {
  whole: { description: 'sourceDescription', metadata: 'sourceMetadata' },
  row: { density: 'frac_nonzero' },
} as const;

/** Fields whose values are compared directly, under their own name unless `readName` has another. */
const plainFields = {
  whole: ['kind', 'hookName', 'hookNameIn', 'license', 'visibility', 'tags', 'paperUrl', 'description', 'metadata'],
  row: [
    ...['name', 'description', 'metadata', 'density', 'vectorLabel', 'vectorDefaultSteerStrength', 'concept', 'bias'],
    ...['kind', 'license', 'visibility', 'tags', 'paperUrl'],
  ],
} as const;

/** What was sent of a row. */
export interface Sent {
  /** Fields of the request that all its rows share. */
  readonly whole: RowContent;
  readonly row: RowContent;
}

/**
 * Compares the server's copy of a row with what was sent, field by field. `exact`: the server keeps every bit of a double;
 * others keep 16 significant digits. Whatever else the server has (explanations made later, activations that others added)
 * is no difference, but something that was sent once and is there twice is one.
 */
export function compareContent({ whole, row }: Sent, found: RowContent, exact: boolean): FieldDifference[] {
  return [
    ...comparePlain(whole, found, 'whole', exact),
    ...comparePlain(row, found, 'row', exact),
    ...compareVisibility({ whole, row }, found),
    ...compareVector(row.vector, found),
    ...compareLogits(row.topLogits, found, 'pos', exact),
    ...compareLogits(row.bottomLogits, found, 'neg', exact),
    ...compareCounts('activations', row.activations, found.activations, (each) => [each.tokens, each.values], exact),
    ...compareCounts('explanations', row.explanations, found.explanations, (each) => [explained(each)], exact),
  ];
}

function explained({ description, text }: RowContent): unknown {
  return description ?? text;
}

function comparePlain(sent: RowContent, found: RowContent, of: 'whole' | 'row', exact: boolean): FieldDifference[] {
  const differences: FieldDifference[] = [];
  for (const field of plainFields[of]) {
    const name = (readName[of] as Record<string, string>)[field] ?? field;
    // What all rows share is in no row as some servers return it.
    if (sent[field] === undefined || (name !== field && of === 'whole' && !(name in found))) continue;
    const [expected, there] = [canonical(sent[field], exact), canonical(found[name], exact)];
    if (expected !== there) differences.push({ field: name, expected: brief(expected), found: brief(there) });
  }
  return differences;
}

/** Public is the default and no part of a request: a row that is shown as anything else is not as it was sent. */
function compareVisibility({ whole, row }: Sent, { visibility }: RowContent): FieldDifference[] {
  const isSent = (whole.visibility ?? row.visibility) !== undefined;
  if (isSent || typeof visibility !== 'string' || visibility.toLowerCase() === 'public') return [];
  return [{ field: 'visibility', expected: canonical('public', true), found: brief(canonical(visibility, true)) }];
}

/** Compares values exactly, as float32; the sign of a zero counts only if the server returns its own digest of them. */
function compareVector(sent: unknown, { vector, vectorHash: hash }: RowContent): FieldDifference[] {
  if (!isNumbers(sent)) return [];
  const expected = Float32Array.from(sent);
  if (!isNumbers(vector) || vector.length !== expected.length) {
    const values = isNumbers(vector) ? `${vector.length} values` : 'none';
    return [{ field: 'vector', expected: `${expected.length} values`, found: values }];
  }
  const at = expected.findIndex((value, i) => value !== Math.fround(vector[i] as number));
  if (at >= 0) return [{ field: `vector[${at}]`, expected: `${expected[at]}`, found: `${vector[at]}` }];
  const digest = vectorHash(expected, 0, expected.length);
  return typeof hash === 'string' && hash !== digest ? [{ field: 'vectorHash', expected: digest, found: hash }] : [];
}

function compareLogits(sent: unknown, found: RowContent, side: 'pos' | 'neg', exact: boolean): FieldDifference[] {
  if (!Array.isArray(sent)) return [];
  const [tokens, values] = [found[`${side}_str`], found[`${side}_values`]];
  const expected = canonical([sent.map(({ token }) => token), sent.map(({ value }) => value)], exact);
  const there = canonical([tokens, values], exact);
  const field = side === 'pos' ? 'topLogits' : 'bottomLogits';
  return expected === there ? [] : [{ field, expected: brief(expected), found: brief(there) }];
}

/** Requires each item to be there exactly as often as it was sent: a batch stored twice would double it. */
function compareCounts(
  field: string,
  sent: unknown,
  found: unknown,
  partsOf: (each: RowContent) => readonly unknown[],
  exact: boolean,
): FieldDifference[] {
  if (!Array.isArray(sent)) return [];
  const key = (each: RowContent) => canonical(partsOf(each), exact);
  const there = countBy(Array.isArray(found) ? found : [], key);
  const wanted = countBy(sent, key);
  const wrong = [...wanted].filter(([text, times]) => (there.get(text) ?? 0) !== times);
  const [first] = wrong;
  if (!first) return [];
  const [text, times] = first;
  const more = wrong.length > 1 ? `; ${several(wrong.length - 1, 'other item differs', 'other items differ')} too` : '';
  return [{ field, expected: `${times} × ${brief(text)}`, found: `${there.get(text) ?? 0} ×${more}` }];
}

function countBy(things: readonly RowContent[], key: (each: RowContent) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(key(thing), (counts.get(key(thing)) ?? 0) + 1);
  return counts;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number');
}

/** Returns JSON that is equal for equal values: keys sorted, numbers as the server keeps them. */
function canonical(value: unknown, exact: boolean): string {
  const text = JSON.stringify(value ?? null, (_key, part: unknown) => {
    if (typeof part === 'number' && !exact) return Number(part.toPrecision(16));
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return text === 'null' ? 'nothing' : text;
}

const longestText = 80;

function brief(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}
