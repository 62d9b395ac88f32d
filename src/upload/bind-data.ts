import { AppError } from '../errors.ts';
import { formatRanges, mergeRanges, type Range } from '../tensor/ranges.ts';
import type { Matrix } from '../tensor/tensor.ts';
import type { BodyFormat } from './delivery.ts';
import { blockRows } from './fingerprint.ts';
import type { Journal } from './journal.ts';
import type { JournalState } from './journal-state.ts';
import { runsOf } from './row-runs.ts';

/** What the data of a run looks like; a journal must have been begun with the same. */
export interface DataPrint {
  readonly matrix: Matrix;
  readonly blocks: ReadonlyMap<number, string>;
  /** The fields that are sent beside the values, as a JSON object. */
  readonly fields: string;
  readonly delivery: { readonly format: Pick<BodyFormat, 'indexOf'> };
}

/**
 * Checks that a journal was begun with this data, and notes what is new in it.
 * Errors: checkpoint_mismatch with both values, never a new start in silence.
 */
export async function bindData(journal: Journal, print: DataPrint): Promise<void> {
  const { matrix, blocks, fields } = print;
  checkData(journal.state, print);
  const fresh = [...blocks].filter(([block]) => !journal.state.blocks.has(block));
  const { rows, width } = matrix;
  const { indexOf } = print.delivery.format;
  const indices = indexOf && runsOf(rows, indexOf);
  if (!journal.state.data) await journal.append({ t: 'data', rows, width, fields, ...(indices && { indices }) });
  if (fresh.length > 0) await journal.append({ t: 'blocks', hashes: Object.fromEntries(fresh) });
}

/** Whether a journal was begun with this data. Errors: checkpoint_mismatch with both values. */
export function checkData(state: JournalState, { matrix, blocks, fields }: Omit<DataPrint, 'delivery'>): void {
  const known = state.data;
  if (known && (known.rows !== matrix.rows || known.width !== matrix.width)) {
    throw changed(matrix, `[${known.rows}, ${known.width}]`, `[${matrix.rows}, ${matrix.width}]`, 'its shape changed');
  }
  const option = known && changedField(known.fields, fields);
  if (option) {
    const what = `${option.name}, which is sent with it, changed`;
    throw changed(matrix, option.expected, option.found, what, keptAsSaid);
  }
  // Digests of earlier versions were longer, and say nothing of these.
  const isOther = (before: string | undefined, hash: string) => before?.length === hash.length && before !== hash;
  const different = [...blocks].filter(([block, hash]) => isOther(state.blocks.get(block), hash));
  if (different.length > 0) {
    const rows = different.map(([block]): Range => [block * blockRows, Math.min(matrix.rows, (block + 1) * blockRows)]);
    const [block, hash] = different[0] as [number, string];
    const before = state.blocks.get(block) as string;
    throw changed(matrix, before, hash, `its values changed within rows ${formatRanges(mergeRanges(rows))} (digests)`);
  }
}

/** The first field of two JSON objects that differs, with both values. */
function changedField(before: string, now: string): { name: string; expected: string; found: string } | undefined {
  if (before === now) return undefined;
  const [old, young] = [before, now].map((text) => new Map(Object.entries(JSON.parse(text) as object)));
  const say = (value: unknown) => (value === undefined ? 'not given' : JSON.stringify(value));
  const names = new Set([...(old?.keys() ?? []), ...(young?.keys() ?? [])]);
  const name = [...names].find((key) => say(old?.get(key)) !== say(young?.get(key))) ?? 'the order of fields';
  return { name, expected: say(old?.get(name)), found: say(young?.get(name)) };
}

const restartLooks =
  '--restart forgets the checkpoint; rows already on the server are still compared and never overwritten';
/** An upload changes nothing that is there: not what is said of a row either. */
const keptAsSaid =
  'what is on the server keeps what was said of it: to say this instead, take it back with neuronpedia delete --job JOB first; --restart sends what is missing, with this';

function changed(matrix: Matrix, expected: string, found: string, what: string, hint = restartLooks): AppError {
  const { file } = matrix.tensor;
  return new AppError(
    'checkpoint_mismatch',
    `${file}: is not what this upload was begun with: ${what}: was ${expected}, is ${found}`,
    {
      hints: ['go on with the file and options that it was begun with, or upload this under another --sae-id', hint],
      details: { file, expected, found },
    },
  );
}
