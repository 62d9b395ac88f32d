import { fetchFeature } from '../api/feature.ts';
import { AppError } from '../errors.ts';
import { formatRanges } from '../tensor/ranges.ts';
import { type JobStatus, readJob } from '../upload/jobs.ts';
import { type ReadBack, resolveRows } from '../upload/resolve-row.ts';
import type { CommandContext } from './context.ts';
import { parseId } from './id.ts';
import { formatMoment } from './moment.ts';
import { count } from './progress.ts';
import { openSession, type Session } from './session.ts';

/** `status JOB`: one job as its journal has it; with `--resolve` its open rows are settled first. Error: not_found. */
export async function showJob(context: CommandContext, session: Session, id: string): Promise<number> {
  const { state } = session.folders;
  const job = await findJob(state, id);
  if (context.options.resolve) await resolve(context, session, job);
  const now = context.options.resolve ? await findJob(state, id) : job;
  showJobLine(context, now);
  showOpenRows(context, now);
  context.out.document({ type: 'job', ...jobDocument(now), ...rowsDocument(now) });
  return 0;
}

async function findJob(state: string, id: string): Promise<JobStatus> {
  const job = await readJob(state, id);
  if (job) return job;
  throw new AppError('not_found', `no local job "${id}"`, {
    hints: ['neuronpedia status lists the jobs; a feature is named model/source/index'],
  });
}

async function resolve(context: CommandContext, session: Session, job: JobStatus): Promise<void> {
  const { out, options } = context;
  const resolutions = (options.resolve ?? []).map(({ row, id }) => ({ row, id: id === null ? null : plainId(id) }));
  const twice = resolutions.find(({ row }, i) => resolutions.findIndex((other) => other.row === row) !== i);
  if (twice) throw new AppError('usage', `--resolve says two things of row ${twice.row}`);
  const unchecked = await resolveRows(session.folders.state, job.id, resolutions, (id) => read(context, job, id));
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
async function read(context: CommandContext, { job }: JobStatus, id: string): Promise<ReadBack | undefined | null> {
  const session = await openSession(atServerOf(context, job.serverName));
  try {
    const { model, source, index } = parseId(id);
    const { server, http, close } = await session.connect();
    try {
      if (server.id !== job.server) throw otherServer(job.server, server.id);
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

/** Exit codes of a server that is not asked for want of a key, and of one that does not answer. */
const noKeyCode = 4;
const awayCode = 5;

function atServerOf(context: CommandContext, serverName: string): CommandContext {
  const { apiUrl, sandbox, sandboxPublic } = context.options;
  if (apiUrl !== undefined || sandbox || sandboxPublic || !URL.canParse(serverName)) return context;
  return { ...context, options: { ...context.options, apiUrl: serverName } };
}

function otherServer(expected: string, found: string): AppError {
  return new AppError('checkpoint_mismatch', `the job is of server ${expected}; this is ${found}`, {
    hints: ['name the server that it was begun on with --api-url'],
    details: { expected, found },
  });
}

/** One job in two or three lines. */
export function showJobLine({ out }: CommandContext, status: JobStatus): void {
  const { id, job, planned, confirmed, unknown, deleted, quarantined, state } = status;
  const share = planned === 0 ? 0 : Math.floor((100 * confirmed) / planned);
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

function showOpenRows({ out }: CommandContext, { id, unknownRows, labels, quarantined }: JobStatus): void {
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
  for (const [row, why] of quarantined) out.result(`    left out: row ${row}: ${why}`);
}

/** A job for programs, as `status` lists it. */
export function jobDocument(status: JobStatus) {
  const { id, job, planned, confirmed, unknown, deleted, quarantined, state, ids } = status;
  const { server, serverKind, serverName, accountName: account, model, source, as, title, command, createdAt } = job;
  return {
    ...{ id, state, planned, confirmed, unknown, deleted, quarantined: quarantined.size },
    ...{ model, source, as, title, server, serverKind, serverName, account, command, createdAt },
    ids: Object.fromEntries(ids),
  };
}

function rowsDocument({ unknownRows, labels, quarantined }: JobStatus): Record<string, unknown> {
  return {
    unknownRows: formatRanges(unknownRows),
    labels: Object.fromEntries(labels),
    quarantinedRows: [...quarantined].map(([row, why]) => ({ row, why })),
  };
}
