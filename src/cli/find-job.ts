import { AppError } from '../errors.ts';
import { noSuchJob, readJobState } from '../upload/held-jobs.ts';
import { jobIds, type KnownJob, knownJobs } from '../upload/jobs.ts';
import type { JobRecord } from '../upload/journal-records.ts';
import { rowsAmong } from '../upload/row-ids.ts';
import { partsOfId, plainHost } from './id.ts';
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
 * The id of the one job that is meant: by it, the first digits of it, the source or vector that its upload printed, or the
 * name of its vector; of several it is the one at the server that the address or the options name. Errors: not_found, and
 * usage where several jobs may be meant.
 */
export async function findJobId(stateDir: string, text: string, options: OptionValues): Promise<string> {
  const ids = await jobIds(stateDir);
  if (ids.includes(text)) return text;
  const known = await knownJobs(stateDir);
  const byDigits = /^[0-9a-f]+$/.test(text) ? ids.filter((id) => id.startsWith(text)) : [];
  const byName = known.filter(({ job }) => isOfSource(job, sourceNamed(text)) || isOfName(job, text));
  const byText = [...byDigits, ...byName.map(({ id }) => id)];
  const byVector = byText.length > 0 ? [] : await jobsOfVector(stateDir, known, text);
  const meant = [...new Set([...byText, ...byVector.map(({ id }) => id)])];
  if (meant.length === 0) throw noSuchJob(text);
  if (meant.length === 1) return meant[0] as string;
  return oneOf(
    known.filter(({ id }) => meant.includes(id)),
    text,
    options,
  );
}

/** Jobs of a single row, such as a vector's, that the server has under this id or its URL. */
async function jobsOfVector(stateDir: string, known: readonly KnownJob[], text: string): Promise<KnownJob[]> {
  const [model, source, index] = partsOfId(text).parts.slice(-3);
  if (index === undefined || !/^\d+$/.test(index)) return [];
  const named = new Set([`${model}/${source}/${index}`]);
  const found: KnownJob[] = [];
  for (const one of known) {
    // A job that is bound to a single request is one of a single row: others are not named by one of theirs.
    if (one.job.request === undefined || one.job.as === 'activations' || one.job.model !== model) continue;
    const state = await readJobState(stateDir, one.id);
    if (state && rowsAmong(one.job, state, named).length > 0) found.push(one);
  }
  return found;
}

/** The job of a source; undefined where there is none, or the text names none. Error: usage, for several. */
export async function jobOfSource(stateDir: string, text: string, options: OptionValues): Promise<string | undefined> {
  const source = sourceNamed(text);
  const all = (await knownJobs(stateDir)).filter(({ job }) => isOfSource(job, source));
  return all.length > 0 ? oneOf(all, text, options) : undefined;
}

function oneOf(all: readonly KnownJob[], text: string, options: OptionValues): string {
  const isThere = atServer(partsOfId(text).host, options);
  const there = all.filter(({ job }) => isThere(job));
  const [only, ...others] = there.length > 0 ? there : all;
  if (only === undefined || others.length > 0) throw severalJobs(text, there.length > 0 ? there : all);
  return only.id;
}

/** Vectors of an SAE are a job of the SAE's source, and stand at another, which is what the job is called by. */
function isOfSource({ model, source, title }: JobRecord, asked: string | undefined): boolean {
  return asked !== undefined && (`${model}/${source}` === asked || title === asked || title.startsWith(`${asked} (`));
}

/** A vector's job is called by its name, with its place behind it. */
function isOfName({ title }: JobRecord, asked: string): boolean {
  return title.startsWith(`${asked} (`) && /^ \([^()]+, layer \d+\)$/.test(title.slice(asked.length));
}

/** Whether a job is at the server that was named, by an address that was pasted or by options. */
function atServer(
  host: string | undefined,
  { apiUrl, sandbox, sandboxPublic }: OptionValues,
): (job: JobRecord) => boolean {
  const asked = host ?? (apiUrl !== undefined && URL.canParse(apiUrl) ? new URL(apiUrl).host : undefined);
  return ({ serverName, serverKind }) => {
    const isAddress = URL.canParse(serverName);
    if (asked !== undefined) return isAddress && plainHost(new URL(serverName).host) === plainHost(asked);
    return !isAddress && ((sandbox && serverKind !== 'public') || (sandboxPublic && serverKind === 'public')) === true;
  };
}

/** A job that is named by an address is at that host: the same source elsewhere is another's. Error: usage. */
export function requireHost(text: string, { serverName, title }: JobRecord): void {
  const { host } = partsOfId(text);
  if (host === undefined || (URL.canParse(serverName) && plainHost(new URL(serverName).host) === plainHost(host)))
    return;
  throw new AppError('usage', `nothing was uploaded from here to ${text}: ${title} went to ${serverName}`, {
    hints: ['name the job by its id, as status lists it'],
  });
}

function severalJobs(text: string, jobs: readonly KnownJob[]): AppError {
  const inOrder = [...jobs].sort((a, b) => (a.job.createdAt < b.job.createdAt ? -1 : 1));
  return new AppError('usage', `${text} may be any of ${jobs.length} jobs: name one by its id`, {
    hints: inOrder.slice(-mostNamed).map(({ id, job }) => `${id}: ${job.title} at ${job.serverName}`),
  });
}
