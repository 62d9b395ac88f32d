import { AppError } from '../errors.ts';
import { noSuchJob } from '../upload/held-jobs.ts';
import { jobIds, type KnownJob, knownJobs } from '../upload/jobs.ts';
import type { JobRecord } from '../upload/journal-records.ts';
import { partsOfId } from './id.ts';
import type { OptionValues } from './options.ts';

/** Of several jobs that may be meant the latest are named. */
const mostNamed = 10;

/** `model/source` out of what an upload prints, a URL or that itself; undefined where it names a feature, or no source at all. */
export function sourceNamed(text: string): string | undefined {
  const { parts } = partsOfId(text);
  const isFeature = parts.length > 2 && /^\d+$/.test(parts.at(-1) as string);
  return parts.length < 2 || isFeature ? undefined : parts.slice(-2).join('/');
}

/**
 * The id of the one job that is meant: by it, the first digits of it, the source that its upload printed, or the name of its vector; of several it is
 * the one at the server that the address or the options name. Errors: not_found, and usage where several jobs may be meant.
 */
export async function findJobId(stateDir: string, text: string, options: OptionValues): Promise<string> {
  const isSource = sourceNamed(text) !== undefined;
  const digits = isSource ? undefined : await byDigits(stateDir, text);
  const id = digits ?? (await oneOf(stateDir, text, options));
  if (id === undefined) throw noSuchJob(text);
  return id;
}

/** The job of a source; undefined where there is none, or the text names none. Error: usage, for several. */
export async function jobOfSource(stateDir: string, text: string, options: OptionValues): Promise<string | undefined> {
  return sourceNamed(text) === undefined ? undefined : oneOf(stateDir, text, options);
}

/** The job of a source, or of a vector or probe by its name. Error: usage, for several. */
async function oneOf(stateDir: string, text: string, options: OptionValues): Promise<string | undefined> {
  const source = sourceNamed(text) ?? text;
  const all = (await knownJobs(stateDir)).filter(({ job }) => isOf(job, source));
  const isThere = atServer(partsOfId(text).host, options);
  const there = all.filter(({ job }) => isThere(job));
  const of = there.length > 0 ? there : all;
  if (of.length > 1) throw severalJobs(source, of);
  return of[0]?.id;
}

/** Vectors of an SAE are a job of the SAE's source, and stand at another, which is what the job is called by. */
function isOf({ model, source, title }: JobRecord, asked: string): boolean {
  return `${model}/${source}` === asked || title === asked || title.startsWith(`${asked} (`);
}

/** Whether a job is at the server that was named, by an address that was pasted or by options. */
function atServer(
  host: string | undefined,
  { apiUrl, sandbox, sandboxPublic }: OptionValues,
): (job: JobRecord) => boolean {
  const asked = host ?? (apiUrl !== undefined && URL.canParse(apiUrl) ? new URL(apiUrl).host : undefined);
  return ({ serverName, serverKind }) => {
    const isAddress = URL.canParse(serverName);
    if (asked !== undefined) return isAddress && new URL(serverName).host === asked;
    return !isAddress && ((sandbox && serverKind !== 'public') || (sandboxPublic && serverKind === 'public')) === true;
  };
}

/** A job that is named by an address is at that host: the same source elsewhere is another's. Error: usage. */
export function requireHost(text: string, { serverName, title }: JobRecord): void {
  const { host } = partsOfId(text);
  if (host === undefined || (URL.canParse(serverName) && new URL(serverName).host === host)) return;
  throw new AppError('usage', `nothing was uploaded from here to ${text}: ${title} went to ${serverName}`, {
    hints: ['name the job by its id, as status lists it'],
  });
}

async function byDigits(stateDir: string, start: string): Promise<string | undefined> {
  if (!/^[0-9a-f]{1,16}$/.test(start)) return undefined;
  const ids = new Set((await jobIds(stateDir)).filter((id) => id.startsWith(start)));
  if (ids.size < 2) return [...ids][0];
  throw severalJobs(
    start,
    (await knownJobs(stateDir)).filter(({ id }) => ids.has(id)),
  );
}

function severalJobs(text: string, jobs: readonly KnownJob[]): AppError {
  const inOrder = [...jobs].sort((a, b) => (a.job.createdAt < b.job.createdAt ? -1 : 1));
  return new AppError('usage', `${text} may be any of ${jobs.length} jobs: name one by its id`, {
    hints: inOrder.slice(-mostNamed).map(({ id, job }) => `${id}: ${job.title} at ${job.serverName}`),
  });
}
