import { AppError, isAway, wasSent } from '../errors.ts';
import type { DeletionMarks } from './deletion-marks.ts';
import type { RowAccess } from './server.ts';

/** Who owns some rows before any is deleted. */
export interface Survey {
  /** On the server and owned by this account. */
  readonly mine: readonly string[];
  /** On the server but not owned by this account: id to owner. */
  readonly theirs: ReadonlyMap<string, string>;
  /** Not on the server. */
  readonly absent: readonly string[];
}

/** How a deletion ended. Every id that was to be deleted is in exactly one of the lists. */
export interface Deletion {
  readonly deleted: readonly string[];
  /** Still there, with what the server said. */
  readonly refused: ReadonlyMap<string, string>;
  /** Requested, with unknown outcome. */
  readonly unknown: readonly string[];
  /** A failure met when these were requested: another answer than expected, or none. */
  readonly unknownWhy?: AppError | undefined;
  /** Not requested, or without effect: the run was stopped or the server went away. */
  readonly left: readonly string[];
  readonly failure: AppError | undefined;
}

export interface DeletionRun {
  readonly rows: RowAccess;
  readonly marks: DeletionMarks;
  /** Requests in flight at once. */
  readonly inFlight: number;
  readonly stop: AbortSignal;
  /** Called with the number of rows that are certainly gone. */
  readonly onProgress: (deleted: number) => void;
}

const chunkRows = 128;

/** Asks who owns rows. Nothing else tells: the public server answers Success to any deletion. Errors: those of asking. */
export async function surveyRows(rows: RowAccess, ids: readonly string[], account: string): Promise<Survey> {
  const owners = await rows.owners(ids);
  return {
    mine: ids.filter((id) => owners.get(id) === account),
    theirs: new Map([...owners].filter(([, owner]) => owner !== account)),
    absent: ids.filter((id) => !owners.has(id)),
  };
}

/**
 * Deletes rows chunk by chunk: requests deletion, looks up which are gone, notes that in the journals. It can be interrupted
 * anywhere and started again. Failures are part of the result, so that what was done can still be reported.
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
  // A server that failed on the requests and deleted the rows all the same has done what it was asked.
  if (sum.failure && isAway(sum.failure) && sum.left.length + sum.unknown.length === 0) sum.failure = undefined;
  return sum;
}

/** What the server answered to the requests for a chunk. */
interface Asked {
  readonly said: ReadonlyMap<string, string | undefined>;
  /** Requested, but the answer was lost or does not tell; with the error. */
  readonly lost: ReadonlyMap<string, AppError>;
  readonly failure: AppError | undefined;
}

async function deleteChunk(chunk: readonly string[], run: DeletionRun): Promise<Deletion> {
  const { rows, marks } = run;
  await marks.begin(chunk);
  const { said, lost, failure } = await askForEach(chunk, run);
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
  // A request whose answer was lost may still be under way, so its row stays open.
  await marks.kept(kept.filter((id) => !lost.has(id)));
  const refused = kept.filter((id) => said.has(id));
  // After a failure these count as left: the next run requests them again, like those never requested.
  const open = new Set(failure ? [] : kept.filter((id) => lost.has(id)));
  return {
    deleted,
    refused: new Map(refused.map((id) => [id, said.get(id) ?? 'the server answered Success but still has it'])),
    unknown: [...open],
    unknownWhy: lost.get([...open][0] ?? ''),
    left: kept.filter((id) => !said.has(id) && !open.has(id)),
    failure,
  };
}

/** This many failures in succession are no coincidence. */
const mostFailing = 3;

async function askForEach(chunk: readonly string[], { rows, inFlight, stop }: DeletionRun): Promise<Asked> {
  const said = new Map<string, string | undefined>();
  const lost = new Map<string, AppError>();
  let failure: AppError | undefined;
  const queue = chunk.values();
  let failing = 0;
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
          if (wasSent(own)) lost.set(id, own);
          // A gateway's failure may concern this row alone; any other error, or a request to wait, would meet every row.
          const isOwnWord = own.code !== 'server_failing' || own.details.wait_s !== undefined;
          failing = isOwnWord ? mostFailing : failing + 1;
          if (failing >= mostFailing) failure ??= own;
        },
      );
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { said, lost, failure };
}

function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}
