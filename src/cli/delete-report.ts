import { count, several } from '../count.ts';
import { AppError, isAway } from '../errors.ts';
import { formatRanges } from '../tensor/ranges.ts';
import type { Deletion, Survey } from '../upload/delete-rows.ts';
import type { JobRows } from '../upload/job-rows.ts';
import type { Server } from '../upload/server.ts';
import type { CommandContext } from './context.ts';
import type { Session } from './session.ts';

/** What a command was asked to delete. */
export interface Planned extends JobRows {
  readonly job: string | undefined;
}

/** How many ids are listed one by one before a deletion. */
const shownIds = 5;

/** Shows which rows exist and whose they are, before anything is deleted. */
export function tellSurvey(
  { out }: CommandContext,
  session: Session,
  { account }: Server,
  planned: Planned,
  { mine, theirs, absent }: Survey,
): void {
  out.note(`server   ${session.name}, account ${account.name}`);
  for (const id of mine.slice(0, shownIds)) out.note(`delete   ${session.idOrUrl(id)}`);
  if (mine.length > shownIds) out.note(`         and ${count(mine.length - shownIds)} more`);
  if (absent.length > 0) out.note(`absent   ${several(absent.length, 'row')} not on the server: ${someOf(absent)}`);
  if (planned.foundBefore > 0) {
    out.note(
      `left     ${several(planned.foundBefore, 'row')} that ${planned.foundBefore === 1 ? 'was' : 'were'} there before job ${planned.job} sent anything; --include-found deletes them too`,
    );
  }
  for (const [id, owner] of [...theirs].slice(0, shownIds)) {
    out.note(
      `refused  ${session.idOrUrl(id)} belongs to ${owner === '' ? 'an account that the server does not name' : owner}`,
    );
  }
  if (theirs.size > shownIds) out.note(`         and ${count(theirs.size - shownIds)} more`);
}

function someOf(ids: readonly string[]): string {
  return ids.length > 3 ? `${ids.slice(0, 3).join(', ')}, …` : ids.join(', ');
}

interface Ended {
  readonly session: Session;
  readonly planned: Planned;
  readonly survey: Survey;
  readonly deletion: Deletion;
  readonly status: string | undefined;
}

/** Reports how a deletion ended, and returns the exit code of its most serious problem. */
export function tellEnd(context: CommandContext, ended: Ended): number {
  const { out, stop, options } = context;
  const { planned, survey, deletion, session } = ended;
  const refused = new Map([
    ...[...survey.theirs].map(([id, owner]) => [id, `belongs to ${owner || 'another account'}`] as const),
    ...deletion.refused,
  ]);
  const problem = problemOf(ended, refused.size);
  const status = ended.status ?? (problem && statusOf(problem, deletion)) ?? (stop.aborted ? 'interrupted' : 'done');
  if (planned.job === undefined) for (const id of deletion.deleted) out.result(session.idOrUrl(id));
  else if (status !== 'dry-run') out.result(`${several(deletion.deleted.length, 'row')} of job ${planned.job} deleted`);
  if (status === 'dry-run')
    out.note(`dry run: ${several(survey.mine.length, 'row')} would be deleted; nothing was done`);
  if (status === 'declined') out.note('nothing was deleted');
  if (deletion.left.length > 0 && (status === 'interrupted' || deletion.failure)) {
    out.note(`${several(deletion.left.length, 'row')} left; go on with: ${context.goOn}`);
  }
  if (problem && status !== 'dry-run') {
    if (problem === deletion.failure && deletion.unknown.length > 0) out.note(unknownText(deletion.unknown));
    out.complain(problem);
  }
  out.document({
    type: 'summary',
    status,
    ...(planned.job !== undefined && { job: planned.job, foundBefore: planned.foundBefore }),
    ...(options.dryRun && { toDelete: survey.mine }),
    deleted: deletion.deleted,
    notFound: survey.absent,
    refused: [...refused].map(([id, why]) => ({ id, why })),
    unknown: deletion.unknown,
    left: options.dryRun ? [] : deletion.left,
    ...(planned.nameless.length > 0 && { namelessRows: formatRanges(planned.nameless) }),
    ...(problem &&
      status !== 'dry-run' && {
        ...{ code: problem.code, exitCode: problem.exitCode, message: problem.message },
        ...(typeof problem.details.resume_at === 'string' && { resume_at: problem.details.resume_at }),
      }),
  });
  if (status === 'declined') return 130;
  return status === 'dry-run' ? (survey.theirs.size > 0 ? 10 : 0) : (problem?.exitCode ?? 0);
}

function problemOf({ planned, deletion, survey }: Ended, refused: number): AppError | undefined {
  const { failure, unknown, unknownWhy } = deletion;
  if (planned.nameless.length > 0) {
    const rows = formatRanges(planned.nameless);
    const problem = `it is unknown whether the server has row ${rows}: no id came back for it`;
    const hints = ['run the upload again, which finds out, and then delete again'];
    return new AppError('outcome_unknown', problem, { hints });
  }
  if (failure && !isAway(failure)) return failure;
  if (unknown.length > 0) {
    const why = unknownWhy === undefined ? '' : ` (${unknownWhy.message})`;
    const problem = unknownText(unknown) + why;
    const hints = ['run the same command again once the server answers; rows that are already gone do no harm'];
    return new AppError('outcome_unknown', problem, { hints });
  }
  if (failure) return failure;
  if (refused === 0) return undefined;
  const [[id, why] = []] = [...survey.theirs, ...deletion.refused] as [string, string][];
  if (survey.theirs.size === 0) {
    return new AppError('refused', `not deleted: ${several(refused, 'row')}, the first ${id}: ${why}`);
  }
  const left = planned.job === undefined ? 'nothing was deleted' : 'it was left';
  return new AppError('not_yours', `${id} belongs to ${why || 'another account'}, not to you; ${left}`, {
    hints: ['leave it out, or use the key of the account that uploaded it'],
  });
}

function unknownText(ids: readonly string[]): string {
  return `it is unknown whether ${several(ids.length, 'row')} ${ids.length === 1 ? 'was' : 'were'} deleted: ${someOf(ids)}`;
}

/** Returns the `status` of the summary for a deletion that went wrong. */
function statusOf(problem: AppError, { failure }: Deletion): string {
  if (problem === failure) return problem.code === 'paused' ? 'paused' : 'failed';
  return problem.code === 'outcome_unknown' ? 'unknown' : 'refused';
}
