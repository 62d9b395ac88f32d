import { AppError } from '../errors.ts';
import { countRows, eachRow, mergeRanges, type Ranges, rangesOf } from '../tensor/ranges.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import { label, type Matrix } from '../tensor/tensor.ts';
import type { BodyFormat, Delivery, StoredRow } from './delivery.ts';
import { vectorHash } from './fingerprint.ts';
import type { JobInput } from './run.ts';
import { type Server, toDelete } from './server.ts';

/** What the server has of some rows, compared with what is to be uploaded. */
export interface Comparison {
  /** Rows that are there and, as far as can be told, the same. */
  readonly same: Ranges;
  /** Rows that are there with other values. */
  readonly different: Ranges;
  /** Rows that are there, on a server that does not return their values. */
  readonly uncompared: Ranges;
  /** Names that the server has for rows. */
  readonly ids: ReadonlyMap<number, string>;
}

/** Rows looked up between two progress events; deliveries may split them further. */
const stepRows = 4096;

/** The rows that are looked for, and where. */
export type LookInput = Pick<JobInput, 'matrix' | 'server' | 'delivery' | 'onEvent'>;

/** Asks the server for rows and compares the values of those it has. Errors: those of the look-up. */
export async function compareRows({ matrix, server, delivery, onEvent }: LookInput, rows: Ranges): Promise<Comparison> {
  const total = countRows(rows);
  const seen: Comparison[] = [];
  const namesakes = new Map<number, string>();
  let asked = 0;
  for (const step of inSteps(rows)) {
    const there = await delivery.lookup(step);
    seen.push(await compare(matrix, there.stored, delivery.format));
    for (const [row, id] of there.namesakes ?? []) namesakes.set(row, id);
    asked += step.length;
    onEvent({ type: 'looking', rows: asked, total });
  }
  if (namesakes.size > 0) onEvent({ type: 'warning', message: besideOthers(namesakes, server, delivery) });
  return {
    same: mergeRanges(seen.flatMap(({ same }) => same)),
    different: mergeRanges(seen.flatMap(({ different }) => different)),
    uncompared: mergeRanges(seen.flatMap(({ uncompared }) => uncompared)),
    ids: new Map(seen.flatMap(({ ids }) => [...ids])),
  };
}

/** The warning about names in use. Names are not keys: a new vector is added beside the old one, not in its place. */
function besideOthers(namesakes: ReadonlyMap<number, string>, server: Server, { identify }: Delivery): string {
  const [[row, id]] = [...namesakes] as [[number, string]];
  const name = `"${identify?.(row).label}"`;
  const which =
    namesakes.size === 1
      ? `a different vector named ${name} is already on the server: ${id}`
      : `${namesakes.size} of these vectors have the same names as different vectors on the server, the first ${name}: ${id}`;
  return `${which}; nothing is replaced (to delete it: ${toDelete(server, id)})`;
}

function* inSteps(rows: Ranges): Generator<number[]> {
  let step: number[] = [];
  for (const row of eachRow(rows)) {
    step.push(row);
    if (step.length < stepRows) continue;
    yield step;
    step = [];
  }
  if (step.length > 0) yield step;
}

/** Compares rows with the server's copies. If values are sent (`format`), a copy without values counts as different. */
export async function compare(
  matrix: Matrix,
  found: ReadonlyMap<number, StoredRow>,
  format: Pick<BodyFormat, 'values'>,
): Promise<Comparison> {
  const same: number[] = [];
  const different: number[] = [];
  const uncompared: number[] = [];
  const ids = new Map<number, string>();
  for await (const { start, count, width, values } of rowBlocks(matrix, rangesOf(found.keys()))) {
    for (let i = 0; i < count; i++) {
      const row = start + i;
      const stored = found.get(row) as StoredRow;
      if (stored.id !== undefined) ids.set(row, stored.id);
      if (stored.vectorHash === undefined && !format.values) uncompared.push(row);
      else if (stored.vectorHash === vectorHash(values, i * width, width)) same.push(row);
      else different.push(row);
    }
  }
  return { same: rangesOf(same), different: rangesOf(different), uncompared: rangesOf(uncompared), ids };
}

/** The error for rows that are on the server with other values; `job` is the one to delete them with, if that is known. */
export function featureExists(
  { matrix, identity, server, delivery: { format } }: Pick<JobInput, 'matrix' | 'identity' | 'server' | 'delivery'>,
  different: Ranges,
  job?: string,
  consequence = '; nothing was sent',
): AppError {
  const source = `${identity.model}/${identity.source}`;
  const rows = countRows(different);
  const [row] = different[0] as [number, number];
  const index = format.indexOf?.(row) ?? row;
  const first = index === row ? `${index}` : `${index} (row ${row})`;
  const those = rows === 1 ? 'a feature' : `${rows} features`;
  return new AppError(
    'feature_exists',
    `${source}: the server already has ${those} whose values differ from ${label(matrix.tensor)}, the first at index ${first}${consequence}`,
    {
      hints: [
        `nothing is overwritten: choose another --sae-id, or delete the old ones first: ${toDelete(server, job === undefined ? `${source}/${index} …` : `--job ${job}`)}`,
      ],
      details: { source, row, index, count: rows },
    },
  );
}

/** Picks evenly spaced rows, the first and the last among them: enough to notice that something is gone. */
export function sampleRows(rows: Ranges, size: number): number[] {
  const total = countRows(rows);
  const step = Math.max(1, (total - 1) / Math.max(1, size - 1));
  const picked = new Set(
    Array.from({ length: Math.min(size, total) }, (_, i) => Math.min(total - 1, Math.round(i * step))),
  );
  const sample: number[] = [];
  let position = 0;
  for (const [start, end] of rows) {
    for (const at of picked) if (at >= position && at < position + end - start) sample.push(start + at - position);
    position += end - start;
  }
  return sample;
}
