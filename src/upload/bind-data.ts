import { several } from '../count.ts';
import { AppError } from '../errors.ts';
import { countRows, formatRanges, intersectRanges, mergeRanges, type Range, type Ranges } from '../tensor/ranges.ts';
import type { Matrix } from '../tensor/tensor.ts';
import type { BodyFormat } from './delivery.ts';
import { blockRows } from './fingerprint.ts';
import { idOfJob } from './job-lock.ts';
import type { Journal } from './journal.ts';
import type { JournalState } from './journal-state.ts';
import { runsOf } from './row-runs.ts';

/** What identifies the data of a run; its journal must have been begun with the same. */
export interface DataPrint {
  readonly matrix: Matrix;
  readonly blocks: ReadonlyMap<number, string>;
  /** The fields that are sent besides the values, as a JSON object. */
  readonly fields: string;
  readonly delivery: { readonly format: Pick<BodyFormat, 'indexOf'> };
}

/**
 * Checks that a journal was begun with this data, and records in it what is new. Never starts over silently.
 * Errors: checkpoint_mismatch with both values.
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

/** Checks that a journal was begun with this data. Errors: checkpoint_mismatch with both values. */
export function checkData(state: JournalState, { matrix, blocks, fields }: Omit<DataPrint, 'delivery'>): void {
  const known = state.data;
  if (known && (known.rows !== matrix.rows || known.width !== matrix.width)) {
    const [expected, found] = [`[${known.rows}, ${known.width}]`, `[${matrix.rows}, ${matrix.width}]`];
    throw changed(matrix, state, { expected, found, what: 'its shape changed' });
  }
  const fact = known && changedFact(known.fields, fields);
  if (fact) {
    const { expected, found } = fact;
    throw changed(matrix, state, { expected, found, what: `${fact.name}, sent along with it, changed` });
  }
  const different = [...blocks].filter(([block, hash]) => (state.blocks.get(block) ?? hash) !== hash);
  if (different.length > 0) {
    const rows = different.map(([block]): Range => [block * blockRows, Math.min(matrix.rows, (block + 1) * blockRows)]);
    const [block, hash] = different[0] as [number, string];
    const expected = state.blocks.get(block) as string;
    const what = `its values changed within rows ${formatRanges(mergeRanges(rows))}, by their digests`;
    throw changed(matrix, state, { expected, found: hash, what });
  }
}

/** A difference from what the job was begun with, with both values. */
interface Change {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

/** Fields that hold a digest, with what people call them. */
const digestNames: ReadonlyMap<string, string> = new Map([
  ['featureMetadata', 'the contents of --feature-metadata (digest)'],
  ['activations', 'the contents of --activations (digest)'],
  ['indices', 'the indices of its rows (digest)'],
]);
/** Fields that people know by another name. */
const optionNames: ReadonlyMap<string, string> = new Map([
  ['hookName', 'its hook'],
  ['hookNameIn', 'the hook that it reads from'],
  ['tags', '--tag'],
  ['paperUrl', '--paper-url'],
  ...['kind', 'description', 'license', 'visibility', 'metadata', 'label'].map((name) => [name, `--${name}`] as const),
]);

/** Returns the first field in which two JSON objects differ, as people know it, with both values. */
function changedFact(before: string, now: string): (Omit<Change, 'what'> & { name: string }) | undefined {
  if (before === now) return undefined;
  const [old, young] = [before, now].map((text) => new Map(Object.entries(JSON.parse(text) as object)));
  // An earlier version also recorded `public` when the user had typed it; now it is left out.
  const meant = (fields: typeof old, key: string) => fields?.get(key) ?? (key === 'visibility' ? 'public' : undefined);
  const isDifferent = (key: string) => JSON.stringify(meant(old, key)) !== JSON.stringify(meant(young, key));
  const names = [...new Set([...(old?.keys() ?? []), ...(young?.keys() ?? [])])];
  if (names.includes('visibility') && !names.some(isDifferent)) return undefined;
  const name = names.find(isDifferent) ?? 'the order of fields';
  const say = (value: unknown) =>
    value === undefined ? 'not given' : digestNames.has(name) ? `${value}`.slice(0, 8) : JSON.stringify(value);
  return {
    name: digestNames.get(name) ?? optionNames.get(name) ?? name,
    expected: say(old?.get(name)),
    found: say(young?.get(name)),
  };
}

/**
 * Returns a warning that rows sent before a restart stay as they were sent, although a field sent with them has changed.
 * Undefined if nothing has changed.
 */
export function keptAsSent({ data, sent }: JournalState, fields: string, rows: Ranges): string | undefined {
  const kept = countRows(intersectRanges(sent, rows));
  const fact = data && kept > 0 ? changedFact(data.fields, fields) : undefined;
  if (!fact) return undefined;
  const those = kept === 1 ? 'it was' : 'they were';
  return `${several(kept, 'row')} on the server will stay as ${those} sent before: ${fact.name} was ${fact.expected}, is now ${fact.found}`;
}

function changed({ tensor: { file } }: Matrix, { job }: JournalState, { what, expected, found }: Change): AppError {
  const takeBack = `neuronpedia delete --job ${job ? idOfJob(job) : 'JOB'}`;
  return new AppError(
    'checkpoint_mismatch',
    `${file}: differs from what this upload was started with: ${what} (was ${expected}, is now ${found})`,
    {
      hints: [
        'continue with the file and options it was started with, or upload this one under another --sae-id',
        `nothing on the server is overwritten: to replace what is there, delete it first with ${takeBack}`,
        '--restart forgets the checkpoint and sends what is missing, from this file with these options; rows already on the server stay as they are, and if their values differ, nothing is sent',
      ],
      details: { file, expected, found },
    },
  );
}
