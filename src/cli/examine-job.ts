import { randomInt } from 'node:crypto';
import { foldersOf } from '../config/folders.ts';
import { several } from '../count.ts';
import { AppError, mostListed } from '../errors.ts';
import { closeAfter } from '../library/close-after.ts';
import { countRows, eachRow, intersectRanges, mergeRanges, subtractRanges } from '../tensor/ranges.ts';
import { checkData } from '../upload/bind-data.ts';
import { readJobState } from '../upload/held-jobs.ts';
import { requireOwnJob } from '../upload/job-rows.ts';
import type { JobStatus } from '../upload/jobs.ts';
import type { JournalState } from '../upload/journal-state.ts';
import { reportOf } from '../upload/report-of.ts';
import { idOfRow } from '../upload/row-ids.ts';
import { chanceToNotice, randomRows } from '../upload/sample.ts';
import type { Server } from '../upload/server.ts';
import { type Verification, verifyRows } from '../upload/verify-rows.ts';
import type { CommandContext } from './context.ts';
import { type JobAgain, jobAgain } from './job-again.ts';
import { commandOf } from './job-command.ts';
import { atServerOf, namesServer } from './job-server.ts';
import { withProgress } from './progress.ts';
import { checkReceipt } from './receipt.ts';
import { openSession, type Session } from './session.ts';
import { withSpinner } from './spinner.ts';
import { requireSame, tellVerification } from './verify-report.ts';

/** If 1 % of a job's rows are wrong, a random sample this large contains one with at least 99.4 % probability. */
const usualSample = 512;

/** A job, its journal and the server it is on. */
interface Examined {
  readonly status: JobStatus;
  readonly state: JournalState;
  readonly server: Server;
}

/**
 * `status JOB --verify` and `--receipt`: reads the files of a job again and, with `--verify`, its rows back from the server.
 * Returns fields for the document. Errors: difference, checkpoint_mismatch if the files, server or account are not the
 * job's, and those of reading and asking.
 */
export function examineJob(
  context: CommandContext,
  given: Session,
  status: JobStatus,
): Promise<Record<string, unknown>> {
  const { options, out } = context;
  const { verify, receipt } = options;
  if (!verify && receipt === undefined) return Promise.resolve({});
  return closeAfter(async (own) => {
    await checkReceipt(receipt);
    const state = (await readJobState(foldersOf(context.env).state, status.id)) as JournalState;
    const command = await commandOf(state, context, status.id);
    const session = namesServer(options) ? given : own(await openSession(await atServerOf(context, status.id, state)));
    const { server } = own(await session.connect());
    requireOwnJob(status.id, status.job, { server, name: session.name });
    const again = await withSpinner(out, `reading ${command.args.join(', ')}`, () =>
      jobAgain({ context, session, server, command, id: status.id, state, own }),
    ).catch((error: unknown) => withoutFiles(error, receipt));
    if (again) checkSame(state, again);
    if (again && receipt !== undefined) {
      await again.writeReceipt(receipt, reportOf(status.id, state, again.planned));
      out.note(`receipt  ${receipt}`);
    }
    if (!verify) return { receipt };
    const examined = { status, state, server };
    const verified = again ? await readBack(context, examined, again) : await lookOnly(context, examined);
    return { ...(receipt !== undefined && { receipt }), verify: verified };
  });
}

/** Checks that the files are those of the job. Error: checkpoint_mismatch, without the usual hints on upload options. */
function checkSame(state: JournalState, again: JobAgain): void {
  try {
    checkData(state, again);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw error.with({ hints: ['restore the files that were uploaded: only those can be compared'] });
  }
}

/** Accepts missing files unless a receipt is asked for: without them, the presence of rows can still be checked. */
function withoutFiles(error: unknown, receipt: string | undefined): undefined {
  if (error instanceof AppError && error.code === 'file_not_found' && receipt === undefined) return undefined;
  throw error;
}

/** Reads a random sample of the rows back and compares each with what was sent. Error: difference. */
async function readBack(context: CommandContext, { status, state, server }: Examined, again: JobAgain) {
  const { out, options } = context;
  const rows = intersectRanges(state.stored, again.planned);
  const total = countRows(rows);
  const sample = randomRows(rows, options.verifyRows ?? usualSample, randomInt);
  const size = countRows(sample);
  const verification = await withProgress(out, size, (update) =>
    verifyRows({
      ...again,
      server,
      rows: sample,
      idOf: (row) => idOfRow(status.job, state, row),
      onProgress: (compared) => {
        update(compared);
        context.stop.throwIfAborted();
      },
    }),
  );
  const fields = {
    ...{ compared: size, rows: total, every: size === total, basis: 'files' },
    ...(size < total && { chanceToNoticeOnePercent: chanceToNotice(total, size) }),
    ...{ different: verification.different, differences: verification.differences },
  };
  tellVerification(out, fields);
  const others = countRows(subtractRanges(state.stored, again.planned));
  if (others > 0) out.warn(`not compared: ${several(others, 'row')} that other commands of this job sent`);
  const open = countRows(subtractRanges(again.planned, mergeRanges([...rows, ...state.deleted])));
  if (open > 0) out.note(`not compared: ${several(open, 'row')} not on the server yet`);
  requireSame(status.id, server, fields);
  return fields;
}

/** Rows looked up at a time. */
const stepRows = 1024;

/** Checks only that the rows exist, for when the files they were made from are gone. Error: difference. */
async function lookOnly(context: CommandContext, { status, state, server }: Examined) {
  const { out } = context;
  out.warn('the files of this job are gone: only the presence of its rows is checked, not their contents');
  const rows = [...eachRow(state.stored)];
  const differences: Verification['differences'][number][] = [];
  await withProgress(out, rows.length, async (update) => {
    for (let at = 0; at < rows.length; at += stepRows) {
      context.stop.throwIfAborted();
      const named = rows.slice(at, at + stepRows).map((row) => ({ row, id: idOfRow(status.job, state, row) ?? '' }));
      const there = await server.rows.owners(named.map(({ id }) => id).filter((id) => id !== ''));
      const gone = named.filter(({ id }) => !there.has(id));
      differences.push(...gone.map((one) => ({ ...one, field: 'row', expected: 'stored', found: 'gone' })));
      update(at + named.length);
    }
  });
  const fields = {
    ...{ compared: rows.length, rows: rows.length, every: true, basis: 'presence' },
    ...{ different: differences.length, differences: differences.slice(0, mostListed) },
  };
  tellVerification(out, fields);
  requireSame(status.id, server, fields);
  return fields;
}
