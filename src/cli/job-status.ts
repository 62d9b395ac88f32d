import { type Feature, fetchFeature } from '../api/feature.ts';
import { idText } from '../api/feature-id.ts';
import { foldersOf } from '../config/folders.ts';
import { several } from '../count.ts';
import { AppError, isAway, isKeyRefused } from '../errors.ts';
import { closeAfter } from '../library/close-after.ts';
import { formatRanges } from '../tensor/ranges.ts';
import { nameRow } from '../upload/delivery.ts';
import { missingJob, readJobState } from '../upload/held-jobs.ts';
import { type JobStatus, readJob } from '../upload/jobs.ts';
import type { JournalState } from '../upload/journal-state.ts';
import { type ReadBack, resolveRows } from '../upload/resolve-row.ts';
import type { CommandContext } from './context.ts';
import { examineJob } from './examine-job.ts';
import { findJobId } from './find-job.ts';
import { parseId } from './id.ts';
import { commandFrom, jobLines } from './job-list.ts';
import { atServerOf, otherServer } from './job-server.ts';
import type { OptionValues } from './options.ts';
import { listQuarantine } from './quarantine.ts';
import { openSession, type Session } from './session.ts';

/**
 * `status JOB`: shows one job as its journal has it. `--resolve` settles open rows first, `--verify` reads its rows back.
 * Errors: not_found, usage, and those of `resolveRows` and `examineJob`.
 */
export async function showJob(context: CommandContext, session: Session, id: string): Promise<number> {
  const { state } = foldersOf(context.env);
  const job = await findJob(state, id, context.options);
  if (context.options.resolve) await resolve(context, job);
  const now = context.options.resolve ? await findJob(state, id, context.options) : job;
  for (const line of jobLines(context.out, now, mostIds, context.typed.folder)) context.out.result(line);
  context.out.result(`    ${batchesText(now)}`);
  showOpenRows(context, now);
  const examined = await examineJob(context, session, now);
  context.out.document({ type: 'job', ...jobDocument(now), ...rowsDocument(now), ...examined });
  return 0;
}

function batchesText({ batches, unknown, state }: JobStatus): string {
  const isUnderWay = state === 'running';
  const what = isUnderWay ? `${several(unknown, 'row')} under way` : `no answer for ${several(unknown, 'row')}`;
  const open = unknown > 0 ? `; ${what}` : '';
  return `${several(batches, 'batch', 'batches')}${open}`;
}

async function findJob(state: string, id: string, options: OptionValues): Promise<JobStatus> {
  const found = await findJobId(state, id, options);
  const job = await readJob(state, found);
  if (job) return job;
  throw await missingJob(state, found);
}

async function resolve(context: CommandContext, job: JobStatus): Promise<void> {
  const { out, options } = context;
  const resolutions = (options.resolve ?? []).map(({ row, id }) => ({
    row,
    id: id === null ? null : idText(parseId(id)),
  }));
  const twice = resolutions.find(({ row }, i) => resolutions.findIndex((other) => other.row === row) !== i);
  if (twice) throw new AppError('usage', `--resolve names row ${twice.row} twice`);
  const { state } = foldersOf(context.env);
  const unchecked = await resolveRows(state, job.id, resolutions, (id) => read(context, state, job, id));
  for (const { row, id } of resolutions) {
    out.note(id === null ? `row ${row}: absent; it will be sent again` : `row ${row}: counted as stored under ${id}`);
  }
  for (const id of unchecked) out.warn(`${id} could not be read back; it was accepted unchecked`);
  const command = commandFrom(job, context.typed.folder);
  if (command !== undefined) out.note(`go on with: ${command}`);
}

/** Reads a row from the job's own server; null if that cannot be asked. Error: checkpoint_mismatch if another was named. */
async function read(
  context: CommandContext,
  stateDir: string,
  status: JobStatus,
  id: string,
): Promise<ReadBack | undefined | null> {
  const state = (await readJobState(stateDir, status.id)) as JournalState;
  return closeAfter(async (own) => {
    // Outside the `try`: a malformed key is a mistake to fix first, not a server that cannot be asked.
    const session = own(await openSession(await atServerOf(context, status.id, state)));
    try {
      const { server, http } = own(await session.connect());
      if (server.id !== status.job.server) throw otherServer(status.job.server, server.id);
      return readBackOf(await fetchFeature(http, parseId(id)));
    } catch (error) {
      if (isAway(error) || isKeyRefused(error)) return null;
      throw error;
    }
  });
}

function readBackOf(feature: Feature | undefined): ReadBack | undefined {
  if (!feature) return undefined;
  const { vector, vectorLabel } = feature;
  return { label: vectorLabel ?? undefined, vector: vector ? Float32Array.from(vector) : undefined };
}

/** How many vectors of a job are listed; its receipt has them all. */
const mostIds = 20;

/** How many rows without an answer are listed. If the server names rows, a batch is one row, so there are rarely more. */
const mostRows = 100;

function showOpenRows({ out }: CommandContext, status: JobStatus): void {
  const { id, identities, quarantined, state } = status;
  // A run in progress still gets these answers.
  const unknownRows = state === 'running' ? [] : status.unknownRows;
  for (const [row, { label }] of unknownRows.length > 0 ? [...identities].slice(0, mostRows) : [])
    out.result(`    without an answer: row ${row} "${label}"`);
  if (unknownRows.length > 0 && identities.size === 0) {
    out.result(`    without an answer: rows ${formatRanges(unknownRows)}`);
  }
  if (unknownRows[0]) {
    const [row] = unknownRows[0];
    out.note(
      'the same upload command settles these rows by itself; if the server cannot be asked, settle them by hand:',
    );
    out.note(`  neuronpedia status ${id} --resolve ${row}=absent   it is not there: it will be sent again`);
    out.note(`  neuronpedia status ${id} --resolve ${row}=ID       it is there, under this id`);
  }
  for (const [row, why] of quarantined) out.result(`    left out: ${nameRow(status, row)}: ${why}`);
}

/** Returns a job as a JSON document, as `status` lists it. */
export function jobDocument(status: JobStatus) {
  const { id, job, planned, confirmed, batches, unknown, deleted, quarantined, state, ids, pause } = status;
  const { server, serverKind, serverName, accountName: account, model, source, as, shard } = job;
  const { title, command, createdAt } = job;
  return {
    ...{ id, state, planned, confirmed, batches, unknown, deleted, quarantined: quarantined.size },
    ...(pause && { why: pause.why, ...(pause.resumeAt !== null && { resume_at: pause.resumeAt }) }),
    ...{
      model,
      source,
      as,
      ...(shard && { shard }),
      title,
      server,
      serverKind,
      serverName,
      account,
      command,
      createdAt,
    },
    ids: Object.fromEntries(ids),
  };
}

function rowsDocument({ unknownRows, identities, quarantined, ...naming }: JobStatus): Record<string, unknown> {
  return {
    unknownRows: formatRanges(unknownRows),
    labels: Object.fromEntries([...identities].map(([row, { label }]) => [row, label])),
    quarantinedRows: listQuarantine(quarantined, naming),
  };
}
