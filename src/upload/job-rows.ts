import { AppError } from '../errors.ts';
import {
  countRows,
  eachRow,
  intersectRanges,
  membership,
  type Ranges,
  rangesOf,
  subtractRanges,
} from '../tensor/ranges.ts';
import type { JobRecord } from './journal-records.ts';
import { type JournalState, unansweredRows } from './journal-state.ts';
import { idOfRow, knownRows } from './row-ids.ts';
import { type Server, toDelete } from './server.ts';

/** The rows of a job that may be deleted. */
export interface JobRows {
  readonly ids: readonly string[];
  /** Number of rows that are left alone because they were on the server before the job sent anything. */
  readonly foundBefore: number;
  /** Rows that were sent but whose name never came back; without it they cannot be deleted. */
  readonly nameless: Ranges;
  /** Those of the ids whose rows were sent without an answer: if absent now, they may still arrive. */
  readonly unanswered: ReadonlySet<string>;
}

/**
 * Returns the rows that a job brought to the server: those that it sent after seeing that they were absent. Rows that it
 * found there belong to the same account, but may come from another upload, so they are included only with `foundToo`.
 * Error: usage for activations, which go with their vector.
 */
export function rowsToDelete(
  id: string,
  job: JobRecord,
  state: JournalState,
  { server, foundToo }: { server: Pick<Server, 'words'>; foundToo: boolean },
): JobRows {
  if (job.as === 'activations') {
    throw new AppError(
      'usage',
      `job ${id} holds the activations of vector ${job.source}, which are deleted only together with it`,
      {
        hints: [toDelete(server, job.source)],
      },
    );
  }
  const known = knownRows(state);
  const sent = intersectRanges(known, state.sent);
  const foundBefore = subtractRanges(known, sent);
  const ids: string[] = [];
  const nameless: number[] = [];
  const unanswered = new Set<string>();
  const isUnanswered = membership(unansweredRows(state));
  for (const row of eachRow(foundToo ? known : sent)) {
    const name = idOfRow(job, state, row);
    if (name === undefined) nameless.push(row);
    else ids.push(name);
    if (name !== undefined && isUnanswered(row)) unanswered.add(name);
  }
  return { ids, foundBefore: foundToo ? 0 : countRows(foundBefore), nameless: rangesOf(nameless), unanswered };
}

/** Refuses a job of another server or another account. Errors: checkpoint_mismatch. */
export function requireOwnJob(id: string, job: JobRecord, { server, name }: { server: Server; name: string }): void {
  const [expected, found, hint] =
    job.server === server.id
      ? [`account ${job.accountName}`, `account ${server.account.name}`, 'use the key of that account']
      : [
          `${job.serverName} (${job.server})`,
          `${name} (${server.id})`,
          job.serverName === name
            ? 'that server has since been emptied or replaced: what the job sent is not on this one'
            : 'name the server that it was uploaded to: --api-url, --sandbox or --sandbox-public',
        ];
  if (job.server === server.id && job.account === server.account.id) return;
  throw new AppError('checkpoint_mismatch', `job ${id} was made with ${expected}; this is ${found}`, {
    hints: [job.command === '' ? hint : `${hint}; it was started with: ${job.command}`],
    details: { job: id, expected, found },
  });
}
