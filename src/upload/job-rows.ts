import { AppError } from '../errors.ts';
import {
  countRows,
  eachRow,
  intersectRanges,
  membership,
  mergeRanges,
  type Ranges,
  rangesOf,
  subtractRanges,
} from '../tensor/ranges.ts';
import type { JobRecord } from './journal-records.ts';
import type { JournalState } from './journal-state.ts';
import { idOfRow, knownRows } from './row-ids.ts';
import { type Server, toDelete } from './server.ts';

/** The rows of a job that may be taken back. */
export interface JobRows {
  readonly ids: readonly string[];
  /** Rows that were on the server before the job sent anything, and so are left unless they are asked for too. */
  readonly foundBefore: number;
  /** Rows that were sent and whose name never came back: without it they cannot be deleted. */
  readonly nameless: Ranges;
  /** Of the ids, those of rows that were sent without an answer: what is not there yet may still come. */
  readonly unanswered: ReadonlySet<string>;
}

/**
 * What a job brought to the server: rows that it set out to send, which it had seen to be absent before. Rows that it
 * found there belong to the same account, but another upload may have made them: they are taken only with `foundToo`.
 * Error: usage for activations, which go with their vector.
 */
export function rowsToDelete(
  id: string,
  job: JobRecord,
  state: JournalState,
  { server, foundToo }: { server: Pick<Server, 'words'>; foundToo: boolean },
): JobRows {
  if (job.as === 'activations') {
    throw new AppError('usage', `job ${id} holds the activations of the vector ${job.source}: they go with it`, {
      hints: [toDelete(server, job.source)],
    });
  }
  const known = knownRows(state);
  const sent = intersectRanges(known, state.sent);
  const foundBefore = subtractRanges(known, sent);
  const ids: string[] = [];
  const nameless: number[] = [];
  const unanswered = new Set<string>();
  const isUnanswered = membership(mergeRanges(state.unknown.flatMap(({ rows }) => rows)));
  for (const row of eachRow(foundToo ? known : sent)) {
    const name = idOfRow(job, state, row);
    if (name === undefined) nameless.push(row);
    else ids.push(name);
    if (name !== undefined && isUnanswered(row)) unanswered.add(name);
  }
  return { ids, foundBefore: foundToo ? 0 : countRows(foundBefore), nameless: rangesOf(nameless), unanswered };
}

/** Errors: checkpoint_mismatch where a job was another server's or another account's. */
export function requireOwnJob(id: string, job: JobRecord, { server, name }: { server: Server; name: string }): void {
  const [expected, found, hint] =
    job.server === server.id
      ? [`account ${job.accountName}`, `account ${server.account.name}`, 'use the key of that account']
      : [
          `${job.serverName} (${job.server})`,
          `${name} (${server.id})`,
          job.serverName === name
            ? 'that one was emptied since, or another is there now: what the job sent is not on this one'
            : 'name the server that it was uploaded to: --api-url, --sandbox or --sandbox-public',
        ];
  if (job.server === server.id && job.account === server.account.id) return;
  throw new AppError('checkpoint_mismatch', `job ${id} was made with ${expected}; this is ${found}`, {
    hints: [`${hint}; it was begun with: ${job.command}`],
    details: { job: id, expected, found },
  });
}
