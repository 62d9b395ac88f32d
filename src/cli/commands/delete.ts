import { idText } from '../../api/feature-id.ts';
import { foldersOf } from '../../config/folders.ts';
import { several } from '../../count.ts';
import { AppError } from '../../errors.ts';
import { closeAfter, type Own } from '../../library/close-after.ts';
import { defaultSettleMs } from '../../library/run-options.ts';
import { type Deletion, deleteRows, type Survey, surveyRows } from '../../upload/delete-rows.ts';
import { deletionMarks } from '../../upload/deletion-marks.ts';
import { type HeldJob, holdJob, holdJobsOf, missingJob, readJobState } from '../../upload/held-jobs.ts';
import { type JobRows, requireOwnJob, rowsToDelete } from '../../upload/job-rows.ts';
import type { JobRecord } from '../../upload/journal-records.ts';
import type { JournalState } from '../../upload/journal-state.ts';
import type { Server } from '../../upload/server.ts';
import { waitFor } from '../../wait-for.ts';
import { confirm, requireSomebody } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { type Planned, tellEnd, tellSurvey } from '../delete-report.ts';
import { findJobId, requireHost } from '../find-job.ts';
import { parseId } from '../id.ts';
import { atServerOf } from '../job-server.ts';
import { withProgress } from '../progress.ts';
import { openSession, type Session } from '../session.ts';
import { withSpinner } from '../spinner.ts';

/** `delete ID…`, `delete --job JOB`: deletes what this account uploaded; nothing if one of the ids is another account's. */
export function run(context: CommandContext): Promise<number> {
  const { args, options } = context;
  const ids = [...new Set(args.map(parseId).map(idText))];
  if (options.includeFound && options.job === undefined) {
    throw new AppError('usage', '--include-found needs --job: a row named by its id is deleted either way', {
      hints: ['leave it out, or name the job with --job JOB'],
    });
  }
  if ((ids.length === 0) === (options.job === undefined)) {
    throw new AppError(
      'usage',
      ids.length === 0 ? 'what is to be deleted?' : 'ids and --job cannot be given together',
      {
        hints: ['name features and vectors by their ids, or a job with --job JOB; neuronpedia status lists the jobs'],
      },
    );
  }
  return closeAfter(async (own) => {
    const stateDir = foldersOf(context.env).state;
    const job = options.job === undefined ? undefined : await findJobId(stateDir, options.job, options);
    const state = job === undefined ? undefined : await readJobState(stateDir, job);
    if (job !== undefined && !state) throw await missingJob(stateDir, job);
    if (options.job !== undefined && state?.job) requireHost(options.job, state.job);
    if (!options.dryRun) requireSomebody(context);
    const session = own(
      await openSession(job && state ? await atServerOf(context, job, state) : context, context.args),
    );
    const { server } = own(await session.connect());
    const { planned, held } = await plan(context, session, server, { ids, job, state }, own);
    const look = () =>
      withSpinner(context.out, `looking up ${several(planned.ids.length, 'row')}`, () =>
        surveyRows(server.rows, planned.ids, server.account.id),
      );
    let survey = await look();
    if (!options.dryRun && (await waitForOpen(context, planned, survey))) survey = await look();
    tellSurvey(context, session, server, planned, survey);
    return finish(context, { session, server, planned, survey, held });
  });
}

/** What was named: rows by their ids, or a whole job. */
interface Named {
  readonly ids: readonly string[];
  readonly job: string | undefined;
  /** The state of that job's journal. */
  readonly state: JournalState | undefined;
}

/** Settles which rows to delete. Unless it is a dry run, locks the jobs that know them against other runs. */
async function plan(context: CommandContext, session: Session, server: Server, named: Named, own: Own) {
  const { options } = context;
  const hold = { stateDir: foldersOf(context.env).state, forceUnlock: options.forceUnlock ?? false };
  const held: HeldJob[] = [];
  const { job: id } = named;
  let rows: JobRows = { ids: named.ids, foundBefore: 0, nameless: [], unanswered: new Set() };
  if (id !== undefined) {
    const one = options.dryRun ? undefined : own(await holdJob(id, hold));
    if (one) held.push(one);
    for (const warning of one?.journal.warnings ?? []) context.out.warn(warning);
    const state = one?.journal.state ?? (named.state as JournalState);
    const job = state.job as JobRecord;
    requireOwnJob(id, job, { server, name: session.name });
    rows = rowsToDelete(id, job, state, { server, foundToo: options.includeFound ?? false });
  }
  if (!options.dryRun) {
    for (const one of await holdJobsOf(new Set(rows.ids), server, id, hold)) held.push(own(one));
  }
  const planned: Planned = { ...rows, job: id };
  return { planned, held };
}

/** Waits for rows that were sent without an answer and may still arrive. Returns whether it waited to the end. */
async function waitForOpen(
  { out, options, stop }: CommandContext,
  { unanswered }: Planned,
  { absent }: Survey,
): Promise<boolean> {
  const open = absent.filter((id) => unanswered.has(id)).length;
  const ms = options.settleTimeout ?? defaultSettleMs;
  if (open === 0 || ms === 0) return false;
  out.note(`waiting ${ms / 1000} s for ${several(open, 'row')} sent without an answer, which may still arrive`);
  await waitFor(ms, stop);
  return !stop.aborted;
}

interface Prepared {
  readonly session: Session;
  readonly server: Server;
  readonly planned: Planned;
  readonly survey: Survey;
  readonly held: readonly HeldJob[];
}

async function finish(context: CommandContext, prepared: Prepared): Promise<number> {
  const { survey } = prepared;
  const { options } = context;
  const nothing: Deletion = { deleted: [], refused: new Map(), unknown: [], left: survey.mine, failure: undefined };
  const end = (deletion: Deletion, status?: string) => tellEnd(context, { ...prepared, deletion, status });
  if (options.dryRun) return end(nothing, 'dry-run');
  if (survey.theirs.size > 0 && options.job === undefined) return end(nothing, 'refused');
  const marks = deletionMarks(prepared.held);
  await marks.vanished(survey.absent);
  if (!context.stop.aborted) await marks.gone(survey.absent.filter((id) => prepared.planned.unanswered.has(id)));
  if (survey.mine.length === 0) {
    await forgetEmpty(context, prepared);
    return end(nothing);
  }
  if (context.stop.aborted) return end(nothing);
  if (!(await confirm(context, `delete ${several(survey.mine.length, 'row')} for good?`)))
    return end(nothing, 'declined');
  return end(await remove(context, prepared, marks));
}

/** Forgets a job that never brought anything: it would stay in the list of jobs for ever, as if unfinished. */
async function forgetEmpty({ out }: CommandContext, { planned, held }: Prepared): Promise<void> {
  const own = held.find(({ id }) => id === planned.job);
  if (!own) return;
  const { stored, unknown, deleting, deleted, sent } = own.journal.state;
  if ([stored, unknown, deleting, deleted, sent].some((rows) => rows.length > 0)) return;
  await own.forget();
  out.note(`job ${own.id} has brought nothing to the server: it is forgotten`);
}

function remove(
  { out, stop }: CommandContext,
  { server, survey }: Prepared,
  marks: ReturnType<typeof deletionMarks>,
): Promise<Deletion> {
  const { rows, capabilities } = server;
  const run = { rows, marks, inFlight: capabilities.maxInFlight, stop };
  return withProgress(out, survey.mine.length, (onProgress) => deleteRows(survey.mine, { ...run, onProgress }));
}
