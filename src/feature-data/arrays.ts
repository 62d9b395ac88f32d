import { createHash } from 'node:crypto';
import { AppError, mostListed } from '../errors.ts';
import { indexNames, largestIndex, likeIndices } from '../tensor/indices.ts';
import type { Column, Columns } from './columns.ts';
import { factsOf } from './facts.ts';
import type { FeatureData, FeatureSet, SparsityScale } from './feature-data.ts';
import { gather, wrongLength } from './gather.ts';

/** Whether an array of this name says which feature each value is of. Without one, values belong to the rows in order. */
const isKey = (name: string) => indexNames.includes(name);

/**
 * Reads facts about features from arrays, and checks every value, row by row. Closes the arrays if it fails.
 * Errors: record_invalid for lengths that do not fit, and for values that cannot be sent, listing the first.
 */
export async function fromColumns(
  path: string,
  source: Columns,
  set: FeatureSet,
  scale: SparsityScale | undefined,
): Promise<FeatureData> {
  try {
    for (const [name, why] of source.notRead) if (isKey(name)) throw keyNotRead(path, name, why);
    // A single value for all features is a fact about them, unless it is called `index`.
    const keys = source.columns.filter(({ name, length }) => isKey(name) && (length !== undefined || name === 'index'));
    if (keys.length > 1) throw twoKeys(path, keys.map(({ name }) => name).join('" and "'));
    const columns = source.columns.filter((column) => !keys.includes(column));
    if (columns.length === 0) throw nothingThere(path, source.notRead);
    const [key] = keys;
    const count = key ? (key.length ?? 1) : set.rows;
    if (!key) refuseLikeKey(path, columns, set);
    for (const { name, length } of columns) {
      if (length === undefined || length === count) continue;
      throw wrongLength(path, name, length, set, key);
    }
    const { positions, missing, ...gathered } = await scan(path, columns, key, count, set, scale);
    return {
      path,
      ...gathered,
      notes: [...missing, ...[...source.notRead].map(([name, why]) => `"${name}" is not read: ${because(why)}`)],
      hash: hashOf(source, scale, gathered.texts),
      async read(row) {
        const position = positions ? (positions[row] as number) : row;
        if (position < 0) return undefined;
        const read = factsOf(await recordAt(columns, position), scale);
        return typeof read === 'object' && 'facts' in read ? read.facts : undefined;
      },
      close: source.close,
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function scan(
  path: string,
  columns: readonly Column[],
  key: Column | undefined,
  count: number,
  set: FeatureSet,
  scale: SparsityScale | undefined,
) {
  const found = gather(path, set);
  const positions = key && new Int32Array(set.rows).fill(-1);
  const missing = new Float64Array(columns.length);
  const texts = createHash('sha256');
  for (let position = 0; position < count; position++) {
    const row = key ? found.claim(`value ${position}`, indexAt(key, position)) : position;
    if (row === undefined) continue;
    if (positions) positions[row] = position;
    const record = await recordAt(columns, position);
    for (const [i, [, value]] of record.entries()) {
      if (value === undefined) missing[i]!++;
      if (typeof value === 'string') texts.update(JSON.stringify([position, i, value]));
    }
    const layer = record.find(([name]) => name === 'layer')?.[1];
    const fault = typeof layer === 'number' ? set.placeFault({ layer }) : undefined;
    found.add(`feature ${set.indices.indexOf(row)}`, row, fault ?? factsOf(record, scale));
  }
  const absent = columns.flatMap(({ name }, i) =>
    missing[i] === 0 ? [] : [`"${name}" says nothing of ${missing[i]} of ${count} features (NaN or null)`],
  );
  return { positions, missing: absent, texts: texts.digest('hex'), ...found.finish() };
}

async function recordAt(columns: readonly Column[], position: number): Promise<[string, unknown][]> {
  const record: [string, unknown][] = [];
  for (const { name, at } of columns) {
    const value = at(position);
    record.push([name, value instanceof Promise ? await value : value]);
  }
  return record;
}

function indexAt(key: Column, position: number): number {
  const index = key.at(position);
  return typeof index === 'number' && index <= largestIndex ? index : Number.NaN;
}

function hashOf({ columns }: Columns, scale: SparsityScale | undefined, texts: string): string {
  const hash = createHash('sha256').update(JSON.stringify([scale ?? '', texts]));
  for (const { name, values } of columns) {
    hash.update(JSON.stringify([name, values.length]));
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

/** Drops a leading `it`: formats say `it is …` or `is …` about what they cannot read. */
function tidy(why: string): string {
  return why.replace(/^it /, '');
}

/** Makes a reason a sentence of its own: `is …` and `has …` are about the array. */
function because(why: string): string {
  return /^(is|has|holds|cannot)\b/.test(why) ? `it ${why}` : why;
}

/** The error for unusable indices: values must not be assigned to rows by position if they belong to other features. */
function keyNotRead(path: string, name: string, why: string): AppError {
  return new AppError(
    'record_invalid',
    `${path}: "${name}" should say which feature each value belongs to, but ${tidy(why)}`,
    {
      hints: ['save it as integers, one per value; rename it if it is something else'],
      details: { file: path, array: name },
    },
  );
}

/**
 * Refuses facts by position if a column looks like it says which feature each value is of, and says otherwise: a table that
 * was sorted or filtered would give each feature the facts of another. Error: record_invalid.
 */
function refuseLikeKey(path: string, columns: readonly Column[], { rows, indices }: FeatureSet): void {
  const named = columns.find(({ name, length, values }) => {
    if (length === undefined || values.length !== length || !likeIndices.test(name)) return false;
    const isIndices = values.every((index) => Number.isInteger(index) && index >= 0 && index <= largestIndex);
    if (!isIndices || new Set(values).size < length) return false;
    return length !== rows || values.some((index, row) => index !== indices.indexOf(row));
  });
  if (!named) return;
  throw new AppError(
    'record_invalid',
    `${path}: "${named.name}" looks like the feature that each value is of, but only "index" or "feature_index" is read as such`,
    {
      hints: [
        'rename it to "index"; if it is something else, give it another name, and values follow the order of the rows',
      ],
      details: { file: path, array: named.name },
    },
  );
}

function twoKeys(path: string, names: string): AppError {
  return new AppError('record_invalid', `${path}: "${names}" both say which feature each value belongs to: keep one`, {
    hints: ['rename the other if it is something else'],
    details: { file: path, array: names },
  });
}

function nothingThere(path: string, notRead: ReadonlyMap<string, string>): AppError {
  const found = [...notRead].map(([name, why]) => `"${name}" ${tidy(why)}`);
  const first = found.length > 0 ? found.slice(0, mostListed) : ['nothing else'];
  return new AppError('record_invalid', `${path}: has no array with one value per feature; found`, {
    findings: { first, count: Math.max(1, found.length) },
    hints: ['arrays of one dimension are read: density, frequency, sparsity, max_activation, dead, or any other name'],
    details: { file: path },
  });
}
