import { foldersOf } from '../../config/folders.ts';
import { AppError } from '../../errors.ts';
import { closeAfter } from '../../library/close-after.ts';
import { listJobs, unreadableJobs } from '../../upload/jobs.ts';
import { isLimited } from '../../upload/quota.ts';
import type { Quota } from '../../upload/server.ts';
import type { CommandContext } from '../context.ts';
import { showFeature } from '../feature-status.ts';
import { jobOfSource, sourceNamed } from '../find-job.ts';
import { showJobs } from '../job-list.ts';
import { jobDocument, showJob } from '../job-status.ts';
import { formatMoment } from '../moment.ts';
import type { OptionValues } from '../options.ts';
import { quotaText } from '../quota-plan.ts';
import { openSession, type Session } from '../session.ts';
import { withSpinner } from '../spinner.ts';
import { hintsOf } from '../usual-hints.ts';

/** `status [ID|JOB]`: shows the server, the account and local jobs, or one job, or one feature as the server has it. */
export function run(context: CommandContext): Promise<number> {
  const [subject] = context.args;
  checkSubject(context.options, subject);
  return closeAfter(async (own) => {
    const isPath = subject?.includes('/') === true;
    const job = isPath ? await jobOfSource(foldersOf(context.env).state, subject, context.options) : subject;
    if (job === undefined && isPath) {
      if (sourceNamed(subject) !== undefined) throw noneOfSource(subject);
      return showFeature(context, own(await openSession(context, [subject])), subject);
    }
    if (context.options.text !== undefined) throw needsFeature();
    const session = own(await openSession(context));
    return job === undefined ? showOverview(context, session) : showJob(context, session, job);
  });
}

/** Refuses options that do not fit the subject; most of them need a job. Error: usage. */
function checkSubject({ all, resolve, verify, verifyRows, receipt }: OptionValues, subject: string | undefined): void {
  if (verifyRows !== undefined && !verify) {
    throw new AppError('usage', '--verify-rows says how many rows --verify reads back', { hints: ['add --verify'] });
  }
  if (all && subject !== undefined) {
    throw new AppError('usage', '--all is about the list of jobs', { hints: ['neuronpedia status --all'] });
  }
  const ofJobs = { '--resolve ROW=absent': resolve, '--verify': verify, '--receipt FILE': receipt };
  const [option] = Object.entries(ofJobs).find(([, value]) => value !== undefined) ?? [];
  if (option === undefined || (subject !== undefined && isJob(subject))) return;
  throw new AppError('usage', `${option.split(' ')[0]} is about the rows of a job: which job?`, {
    hints: [`neuronpedia status lists them; then: neuronpedia status JOB ${option}`],
  });
}

/** Whether it names a job: the id of a feature has an index after its source. */
const isJob = (subject: string) => !subject.includes('/') || sourceNamed(subject) !== undefined;

function noneOfSource(subject: string): AppError {
  const source = sourceNamed(subject);
  return new AppError('not_found', `nothing was uploaded from here to ${source}`, {
    hints: [`neuronpedia status lists the jobs; a feature is named with its index: neuronpedia status ${source}/0`],
  });
}

function needsFeature(): AppError {
  return new AppError('usage', '--text tests a feature, and none was named', {
    hints: ['neuronpedia status model/source/index --text TEXT'],
  });
}

async function showOverview(context: CommandContext, session: Session): Promise<number> {
  const { out } = context;
  const { state } = foldersOf(context.env);
  const jobs = await listJobs(state);
  for (const { id, reason } of await unreadableJobs(state)) {
    const damaged = `the checkpoint of job ${id} is damaged and does not show which upload it belongs to`;
    out.warn(reason ?? `${damaged}; when that upload is run again, it looks up what the server has`);
  }
  const asked = await askServer(context, session);
  const line = (name: string, text: string) =>
    out.result(`${out.paint.bold(text === '' ? name : name.padEnd(9))}${text}`);
  if ('server' in asked) {
    const { server } = asked;
    line('server', `${server.name} (${server.capabilities.kind})`);
    line('account', `${server.account.name}, key from ${session.keyFrom}`);
    if (server.quota) line('quota', describeQuota(server.quota));
  } else {
    line('server', session.name);
    line('account', `unknown: ${asked.error.message}`);
  }
  line('jobs', jobs.length === 0 ? 'none' : '');
  showJobs(context, jobs);
  out.document({
    type: 'status',
    server: {
      url: session.url,
      ...('server' in asked && { id: asked.server.id, kind: asked.server.capabilities.kind }),
    },
    account: 'server' in asked ? { ...asked.server.account, keyFrom: session.keyFrom } : null,
    quota: ('server' in asked && asked.server.quota) || null,
    jobs: jobs.map(jobDocument),
    ...('error' in asked && { error: errorFields(asked.error) }),
  });
  if (!('error' in asked)) return 0;
  out.complain(asked.error);
  return asked.error.exitCode;
}

function errorFields(error: AppError) {
  const { code, exitCode, message } = error;
  return { code, exitCode, message, hint: hintsOf(error).join('\n') };
}

/** Asks the server about itself. Returns an error instead of throwing it: local jobs are shown either way. */
function askServer(context: CommandContext, session: Session) {
  return withSpinner(context.out, `asking ${session.name}`, async () => {
    try {
      const { server, close } = await session.connect();
      await close();
      return { server };
    } catch (error) {
      if (error instanceof AppError && !context.stop.aborted) return { error };
      throw error;
    }
  });
}

function describeQuota(quota: Quota): string {
  const reset = isLimited(quota) && quota.resetsAt ? `, resets at ${formatMoment(quota.resetsAt)}` : '';
  return `${quota.tier}: ${quotaText(quota)}${reset}`;
}
