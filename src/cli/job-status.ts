import { fetchFeature } from '../api/feature.ts';
import { count } from '../count.ts';
import { AppError } from '../errors.ts';
import { formatRanges } from '../tensor/ranges.ts';
import { nameRow } from '../upload/delivery.ts';
import { noSuchJob, readJobState } from '../upload/held-jobs.ts';
import { type JobStatus, readJob } from '../upload/jobs.ts';
import { type ReadBack, resolveRows } from '../upload/resolve-row.ts';
import type { CommandContext } from './context.ts';
import { examineJob } from './examine-job.ts';
import { parseId } from './id.ts';
import { commandOf } from './job-again.ts';
import { atServerOf, otherServer } from './job-server.ts';
import { formatMoment } from './moment.ts';
import type { OptionValues } from './options.ts';
import { listQuarantine } from './quarantine.ts';
import { openSession, type Session } from './session.ts';

/**
 * `status JOB`: one job as its journal has it; with `--resolve` its open rows are settled first, with `--verify` its rows
 * are read back. Errors: not_found, and those of `examineJob`.
 */
export async function showJob(context: CommandContext, session: Session, id: string): Promise<number> {
  const { state } = session.folders;
  const job = await findJob(state, id);
  if (context.options.resolve) await resolve(context, session, job);
  const now = context.options.resolve ? await findJob(state, id) : job;
  showJobLine(context, now);
  showOpenRows(context, now);
  const examined = await examineJob(context, session, now);
  context.out.document({ type: 'job', ...jobDocument(now), ...rowsDocument(now), ...examined });
  return 0;
}

async function findJob(state: string, id: string): Promise<JobStatus> {
  const job = await readJob(state, id);
  if (job) return job;
  throw noSuchJob(id);
}

async function resolve(context: CommandContext, session: Session, job: JobStatus): Promise<void> {
  const { out, options } = context;
  const resolutions = (options.resolve ?? []).map(({ row, id }) => ({ row, id: id === null ? null : plainId(id) }));
  const twice = resolutions.find(({ row }, i) => resolutions.findIndex((other) => other.row === row) !== i);
  if (twice) throw new AppError('usage', `--resolve says two things of row ${twice.row}`);
  const { state } = session.folders;
  const unchecked = await resolveRows(state, job.id, resolutions, (id) => read(context, state, job, id));
  for (const { row, id } of resolutions) {
    out.note(id === null ? `row ${row}: absent; it will be sent again` : `row ${row}: counted as stored under ${id}`);
  }
  for (const id of unchecked) out.warn(`${id} could not be read back; it was believed`);
  out.note(`go on with: ${job.job.command}`);
}

function plainId(text: string): string {
  const { model, source, index } = parseId(text);
  return `${model}/${source}/${index}`;
}

/** Reads from the server that the job is of, whichever the command would talk to. Null where it cannot be asked. */
async function read(
  context: CommandContext,
  stateDir: string,
  status: JobStatus,
  id: string,
): Promise<ReadBack | undefined | null> {
  const session = await openSession(atServerOf(context, status, await optionsOf(context, stateDir, status)));
  try {
    const { model, source, index } = parseId(id);
    const { server, http, close } = await session.connect();
    try {
      if (server.id !== status.job.server) throw otherServer(status.job.server, server.id);
      const feature = await fetchFeature(http, model, source, index);
      if (!feature) return undefined;
      const { vector, vectorLabel } = feature;
      return { label: vectorLabel ?? undefined, vector: vector ? Float32Array.from(vector) : undefined };
    } finally {
      await close();
    }
  } catch (error) {
    if (error instanceof AppError && [noKeyCode, awayCode].includes(error.exitCode)) return null;
    throw error;
  } finally {
    await session.close();
  }
}

/** What a job was begun with; nothing of a job of an earlier version, which did not note it. */
async function optionsOf(context: CommandContext, stateDir: string, { id }: JobStatus): Promise<OptionValues> {
  const state = await readJobState(stateDir, id);
  return state?.typed ? (await commandOf(state, context, id)).options : {};
}

/** Exit codes of a server that is not asked for want of a key, and of one that does not answer. */
const noKeyCode = 4;
const awayCode = 5;

/** All jobs, the shards of an SAE under one line for it. */
export function showJobs(context: CommandContext, jobs: readonly JobStatus[]): void {
  const seen = new Set<JobStatus>();
  for (const job of jobs) {
    if (seen.has(job)) continue;
    const shards = job.job.shard === undefined ? [] : shardsBeside(job, jobs);
    if (shards.length > 0) showShards(context, shards);
    for (const one of shards.length > 0 ? shards : [job]) {
      showJobLine(context, one);
      seen.add(one);
    }
  }
}

/** The shards of the same SAE and division that are known here, in their order. */
function shardsBeside({ job }: JobStatus, jobs: readonly JobStatus[]): JobStatus[] {
  const numbers = ({ shard = '' }: JobStatus['job']) => shard.split('/').map(Number);
  const [, of] = numbers(job);
  const same = jobs.filter(({ job: other }) => {
    const place = (['server', 'account', 'model', 'source', 'as'] as const).every((name) => job[name] === other[name]);
    return place && other.shard !== undefined && numbers(other)[1] === of;
  });
  return same.sort((a, b) => (numbers(a.job)[0] ?? 0) - (numbers(b.job)[0] ?? 0));
}

function showShards({ out }: CommandContext, shards: readonly JobStatus[]): void {
  const [{ job }] = shards as [JobStatus];
  const of = job.shard?.split('/')[1];
  const sum = (name: 'planned' | 'confirmed') => count(shards.reduce((total, shard) => total + shard[name], 0));
  const done = shards.filter(({ state }) => state === 'done').length;
  out.result(
    `  ${job.model}/${job.source} in ${of} shards: ${shards.length} of them known here, ${done} done, ${sum('confirmed')}/${sum('planned')} rows`,
  );
}

/** One job in two or three lines. */
function showJobLine({ out }: CommandContext, status: JobStatus): void {
  const { id, job, planned, confirmed, unknown, deleted, quarantined, state } = status;
  const nothing = state === 'done' ? 100 : 0;
  const share = planned === 0 ? nothing : Math.floor((100 * confirmed) / planned);
  const open = unknown > 0 ? `, ${count(unknown)} without an answer` : '';
  const left = quarantined.size > 0 ? `, ${count(quarantined.size)} left out` : '';
  const gone = deleted > 0 ? `, ${count(deleted)} deleted` : '';
  const colored = state === 'done' ? out.paint.green(state) : out.paint.yellow(state);
  out.result(
    `  ${id}  ${colored}  ${share} %  ${count(confirmed)}/${count(planned)} rows${open}${left}${gone}  ${job.title}`,
  );
  out.result(`    ${job.serverName} as ${job.accountName}, begun ${formatMoment(new Date(job.createdAt))}`);
  if (state === 'interrupted') out.result(`    go on with: ${job.command}`);
}

/** A batch on a server that names rows itself is one row: there are never many of these. */
const mostRows = 100;

function showOpenRows({ out }: CommandContext, status: JobStatus): void {
  const { id, unknownRows, labels, quarantined } = status;
  for (const [row, label] of [...labels].slice(0, mostRows)) out.result(`    without an answer: row ${row} "${label}"`);
  if (unknownRows.length > 0 && labels.size === 0) {
    out.result(`    without an answer: rows ${formatRanges(unknownRows)}`);
  }
  if (unknownRows[0]) {
    const [row] = unknownRows[0];
    out.note('the same upload command finds out by itself, where the server can be asked; by hand:');
    out.note(`  neuronpedia status ${id} --resolve ${row}=absent   it is not there: it will be sent again`);
    out.note(`  neuronpedia status ${id} --resolve ${row}=ID       it is there, under this id`);
  }
  for (const [row, why] of quarantined) out.result(`    left out: ${nameRow(status, row)}: ${why}`);
}

/** A job for programs, as `status` lists it. */
export function jobDocument(status: JobStatus) {
  const { id, job, planned, confirmed, unknown, deleted, quarantined, state, ids } = status;
  const { server, serverKind, serverName, accountName: account, model, source, as, shard } = job;
  const { title, command, createdAt } = job;
  return {
    ...{ id, state, planned, confirmed, unknown, deleted, quarantined: quarantined.size },
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

function rowsDocument({ unknownRows, labels, quarantined, ...naming }: JobStatus): Record<string, unknown> {
  return {
    unknownRows: formatRanges(unknownRows),
    labels: Object.fromEntries(labels),
    quarantinedRows: listQuarantine(quarantined, naming),
  };
}
