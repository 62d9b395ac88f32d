import { vectorHash } from './fingerprint.ts';
import type { RowContent } from './server.ts';

/** A field in which the server's copy of a row is not what was sent; values as people read them. */
export interface FieldDifference {
  readonly field: string;
  readonly expected: string;
  readonly found: string;
}

/** How the fields of a request are called when they are read back. `whole` are those of all rows of an upload. */
const readName = {
  whole: { description: 'sourceDescription', metadata: 'sourceMetadata' },
  row: { density: 'frac_nonzero' },
} as const;

/** Fields that are compared as they are, under their own name unless `readName` has another. */
const plainFields = {
  whole: ['kind', 'hookName', 'hookNameIn', 'license', 'visibility', 'tags', 'paperUrl', 'description', 'metadata'],
  row: [
    ...['name', 'description', 'metadata', 'density', 'vectorLabel', 'vectorDefaultSteerStrength', 'concept', 'bias'],
    ...['kind', 'license', 'visibility', 'tags', 'paperUrl'],
  ],
} as const;

/** What was sent of a row, and what the server tells of it. */
export interface Sent {
  /** Fields of the request that are of all its rows. */
  readonly whole: RowContent;
  readonly row: RowContent;
}

/**
 * Compares a row with what was sent of it, field by field. `exact`: the server keeps every bit of a double; elsewhere 16
 * significant digits. What the server has besides (explanations made later, activations that others added) is no
 * difference; what was sent and is there twice is one.
 */
export function compareContent({ whole, row }: Sent, found: RowContent, exact: boolean): FieldDifference[] {
  return [
    ...comparePlain(whole, found, 'whole', exact),
    ...comparePlain(row, found, 'row', exact),
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
    if (sent[field] === undefined) continue;
    const [expected, there] = [canonical(sent[field], exact), canonical(found[name], exact)];
    if (expected !== there) differences.push({ field: name, expected: brief(expected), found: brief(there) });
  }
  return differences;
}

/** Values as float32, to the bit; the sign of a zero only where the server tells its own digest of them. */
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

/** Each thing that was sent must be there as often as it was sent: a batch that was stored twice doubles them. */
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
  const many = wrong.length > 1 ? `, and ${wrong.length - 1} more of them` : '';
  return [{ field, expected: `${brief(text)} ${times} times`, found: `${there.get(text) ?? 0} times${many}` }];
}

function countBy(things: readonly RowContent[], key: (each: RowContent) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(key(thing), (counts.get(key(thing)) ?? 0) + 1);
  return counts;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number');
}

/** JSON that is the same for the same value: keys in order, numbers as the server keeps them. */
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
