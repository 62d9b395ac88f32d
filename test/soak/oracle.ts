import { readFileSync } from 'node:fs';
import { queryStore } from '../sandbox/query-store.ts';
import { type Material, model } from './material.ts';

/** What should have been uploaded, and how. */
export interface Expected {
  readonly as: 'features' | 'vectors';
  readonly saeId: string;
  /** How many rows, beginning with row 0. */
  readonly rows: number;
  /** Whether the server keeps the vectors of features. */
  readonly keepsVectors: boolean;
  readonly material: Material;
}

type Row = Record<string, unknown>;

/** Returns what a store wrongly holds or lacks, according to its tables and whatever its server said. */
export function whatIsWrong(data: string, expected: Expected): string[] {
  const ask: Ask = (sql, ...values) => queryStore(data, sql, ...values);
  return expected.as === 'features' ? wrongFeatures(ask, expected) : wrongVectors(ask, expected);
}

type Ask = (sql: string, ...values: string[]) => Row[];

function wrongFeatures(ask: Ask, { saeId, rows, keepsVectors, material }: Expected): string[] {
  const source = `1-${saeId}`;
  const of = `FROM features f JOIN %s t ON t.feature_id = f.id WHERE f.model_id = ? AND f.source = ? ORDER BY t.id`;
  const features = ask('SELECT idx, vector FROM features WHERE model_id = ? AND source = ?', model, source);
  const examples = grouped(
    ask(`SELECT f.idx, t.tokens, t."values" ${of.replace('%s', 'activations')}`, model, source),
    (row) => JSON.stringify([JSON.parse(String(row.tokens)), JSON.parse(String(row.values))]),
  );
  const explanations = grouped(ask(`SELECT f.idx, t.text ${of.replace('%s', 'explanations')}`, model, source), (row) =>
    String(row.text),
  );
  const wrong = wrongCounts(
    features.map(({ idx }) => Number(idx)),
    rows,
  );
  for (const { idx, vector } of features) {
    const row = Number(idx);
    if (row >= rows) continue;
    const held = vector === null ? '' : bytesOf(vector).toString('hex');
    if (held !== (keepsVectors ? material.vectorOf(row) : '')) wrong.push(`row ${row}: other values`);
    if (String(examples.get(row) ?? []) !== String(material.examplesOf(row)))
      wrong.push(`row ${row}: ${examples.get(row)?.length ?? 0} activations`);
    if (String(explanations.get(row) ?? []) !== String(material.explanationsOf(row)))
      wrong.push(`row ${row}: ${explanations.get(row)?.length ?? 0} explanations`);
  }
  return wrong;
}

function wrongVectors(ask: Ask, { saeId, rows, material }: Expected): string[] {
  const prefix = `${saeId} L1 #`;
  const held = ask('SELECT label, width, vector FROM features WHERE label LIKE ?', `${prefix}%`);
  const wrong = wrongCounts(
    held.map(({ label }) => Number(String(label).slice(prefix.length))),
    rows,
  );
  for (const { label, vector, width } of held) {
    const row = Number(String(label).slice(prefix.length));
    if (float32Hex(bytesOf(vector), Number(width)) !== material.vectorOf(row))
      wrong.push(`vector ${row}: other values`);
  }
  return wrong;
}

function wrongCounts(found: readonly number[], rows: number): string[] {
  const counts = new Map<number, number>();
  for (const row of found) counts.set(row, (counts.get(row) ?? 0) + 1);
  const missing = Array.from({ length: rows }, (_, row) => row).filter((row) => !counts.has(row));
  return [
    ...missing.map((row) => `row ${row}: missing`),
    ...[...counts].filter(([, count]) => count > 1).map(([row, count]) => `row ${row}: ${count} times`),
    ...[...counts.keys()].filter((row) => row >= rows).map((row) => `row ${row}: not asked for`),
  ];
}

function grouped(rows: readonly Row[], textOf: (row: Row) => string): Map<number, string[]> {
  const groups = new Map<number, string[]>();
  for (const row of rows) groups.set(Number(row.idx), [...(groups.get(Number(row.idx)) ?? []), textOf(row)]);
  return groups;
}

const bytesOf = (blob: unknown): Buffer => Buffer.from(new Uint8Array(blob as Uint8Array));

/** Returns float32 values in hex; whether they are stored as float32s or as doubles is told from the length. */
function float32Hex(bytes: Buffer, width: number): string {
  if (bytes.length === 4 * width) return bytes.toString('hex');
  const values = Float32Array.from({ length: width }, (_, i) => bytes.readDoubleLE(8 * i));
  return Buffer.from(values.buffer).toString('hex');
}

/** Returns how a receipt differs from the store: it should have each row once, as stored, under its id there. */
export function wrongInReceipt(path: string, data: string, { as, rows, saeId }: Expected): string[] {
  const [, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const said = lines.map((line) => JSON.parse(line) as { row: number; id: string; status: string });
  const held = queryStore(data, 'SELECT model_id, source, idx, label FROM features');
  const ids = new Map(held.map((row) => [`${row.model_id}/${row.source}/${row.idx}`, row.label]));
  const wrong = wrongCounts(
    said.map(({ row }) => row),
    rows,
  );
  for (const { row, id, status } of said) {
    const label = as === 'vectors' ? `${saeId} L1 #${row}` : null;
    if (status !== 'stored' || !ids.has(id) || (ids.get(id) ?? null) !== label)
      wrong.push(`receipt, row ${row}: ${status} as ${id}`);
  }
  return wrong;
}
