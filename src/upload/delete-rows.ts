import { AppError, wasSent } from '../errors.ts';
import type { DeletionMarks } from './deletion-marks.ts';
import type { RowAccess } from './server.ts';

/** What there is of some rows before any is deleted. */
export interface Survey {
  /** On the server, and this account's. */
  readonly mine: readonly string[];
  /** On the server, and another's: id to the account that it belongs to. */
  readonly theirs: ReadonlyMap<string, string>;
  /** Not on the server. */
  readonly absent: readonly string[];
}

/** How a deletion ended. Every id that was to be deleted is in exactly one of these. */
export interface Deletion {
  readonly deleted: readonly string[];
  /** Still there, with what the server said. */
  readonly refused: ReadonlyMap<string, string>;
  /** Asked for, and nobody knows what came of it. */
  readonly unknown: readonly string[];
  /** What was answered instead for one of these, or why there was no answer. */
  readonly unknownWhy?: AppError | undefined;
  /** Not asked for, or in vain: the run was stopped or the server went away. */
  readonly left: readonly string[];
  readonly failure: AppError | undefined;
}

export interface DeletionRun {
  readonly rows: RowAccess;
  readonly marks: DeletionMarks;
  /** Requests in flight at once. */
  readonly inFlight: number;
  readonly stop: AbortSignal;
  /** Called with how many are certainly gone. */
  readonly onProgress: (deleted: number) => void;
}

const chunkRows = 128;

/** Asks whose rows are. The public server says Success to whoever deletes, so this is the only way to know. Errors: those of asking. */
export async function surveyRows(rows: RowAccess, ids: readonly string[], account: string): Promise<Survey> {
  const owners = await rows.owners(ids);
  return {
    mine: ids.filter((id) => owners.get(id) === account),
    theirs: new Map([...owners].filter(([, owner]) => owner !== account)),
    absent: ids.filter((id) => !owners.has(id)),
  };
}

/**
 * Takes rows back, reads back that they are gone, and notes it, a chunk after the other: it can be cut off anywhere and
 * begun again. What goes wrong is in the result, so that what was done can be told.
 */
export async function deleteRows(ids: readonly string[], run: DeletionRun): Promise<Deletion> {
  const sum = {
    deleted: [] as string[],
    refused: new Map<string, string>(),
    unknown: [] as string[],
    unknownWhy: undefined as AppError | undefined,
    left: [] as string[],
    failure: undefined as AppError | undefined,
  };
  for (let at = 0; at < ids.length; at += chunkRows) {
    const chunk = ids.slice(at, at + chunkRows);
    if (sum.failure || run.stop.aborted) {
      sum.left.push(...chunk);
      continue;
    }
    const part = await deleteChunk(chunk, run);
    sum.deleted.push(...part.deleted);
    for (const [id, why] of part.refused) sum.refused.set(id, why);
    sum.unknown.push(...part.unknown);
    sum.unknownWhy ??= part.unknownWhy;
    sum.left.push(...part.left);
    sum.failure = part.failure;
    run.onProgress(sum.deleted.length);
  }
  return sum;
}

/** What was asked of the server, and what it said. */
interface Asked {
  readonly said: ReadonlyMap<string, string | undefined>;
  /** Asked for without an answer. */
  readonly lost: ReadonlySet<string>;
  readonly lostWhy: AppError | undefined;
  readonly failure: AppError | undefined;
}

async function deleteChunk(chunk: readonly string[], run: DeletionRun): Promise<Deletion> {
  const { rows, marks } = run;
  await marks.begin(chunk);
  const { said, lost, lostWhy, failure } = await askForEach(chunk, run);
  let there: ReadonlyMap<string, string>;
  try {
    there = await rows.owners(chunk);
  } catch (error) {
    const isOpen = (id: string) => said.has(id) || lost.has(id);
    return {
      deleted: [],
      refused: new Map(),
      unknown: chunk.filter(isOpen),
      left: chunk.filter((id) => !isOpen(id)),
      failure: failure ?? asAppError(error),
    };
  }
  const deleted = chunk.filter((id) => !there.has(id));
  const kept = chunk.filter((id) => there.has(id));
  await marks.gone(deleted);
  // A request whose answer was lost may still be under way: what it asked for stays open.
  await marks.kept(kept.filter((id) => !lost.has(id)));
  const refused = kept.filter((id) => said.has(id));
  // Where the deletion has ended they are asked for again like those that never were.
  const open = new Set(failure ? [] : kept.filter((id) => lost.has(id)));
  return {
    deleted,
    refused: new Map(refused.map((id) => [id, said.get(id) ?? 'the server said Success, and still has it'])),
    unknown: [...open],
    unknownWhy: open.size > 0 ? lostWhy : undefined,
    left: kept.filter((id) => !said.has(id) && !open.has(id)),
    failure,
  };
}

/** So many rows in a row that fail are not by chance. */
const mostFailing = 3;

async function askForEach(chunk: readonly string[], { rows, inFlight, stop }: DeletionRun): Promise<Asked> {
  const said = new Map<string, string | undefined>();
  const lost = new Set<string>();
  let failure: AppError | undefined;
  const queue = chunk.values();
  let failing = 0;
  let lostWhy: AppError | undefined;
  const worker = async () => {
    for (const id of queue) {
      if (failure || stop.aborted) return;
      await rows.remove(id).then(
        (why) => {
          said.set(id, why);
          failing = 0;
        },
        (error: unknown) => {
          const own = asAppError(error);
          if (wasSent(own)) lost.add(id);
          lostWhy = own;
          // What a gateway fails at may be one row's; a server that is away fails at all of them.
          const isOwnWord = own.code !== 'server_failing' || own.details.wait_s !== undefined;
          failing = isOwnWord ? mostFailing : failing + 1;
          if (failing >= mostFailing) failure ??= own;
        },
      );
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { said, lost, lostWhy, failure };
}

function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}
