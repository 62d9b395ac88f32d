import { AppError } from '../errors.ts';
import { noSuchJob, readJobState } from '../upload/held-jobs.ts';
import { jobIds, type KnownJob, knownJobs } from '../upload/jobs.ts';
import type { JobRecord } from '../upload/journal-records.ts';
import { rowsAmong } from '../upload/row-ids.ts';
import { partsOfId, plainHost } from './id.ts';
import type { OptionValues } from './options.ts';

/** How many jobs are listed, the latest ones, if a name fits several. */
const mostNamed = 10;

/** Returns the `model/source` in a text or URL; undefined if that names a feature, or no source at all. */
export function sourceNamed(text: string): string | undefined {
  const { host, parts } = partsOfId(text);
  const isFeature = parts.length > 2 && /^\d+$/.test(parts.at(-1) as string);
  // A server may live below a path of its host.
  const isSource = host === undefined ? parts.length === 2 : parts.length >= 2 && !isFeature;
  return isSource ? parts.slice(-2).join('/') : undefined;
}

/**
 * Returns the id of the one job that a text names: by its id or the first digits of it, by the source or vector that its
 * upload printed, or by the name of its vector. Among several, takes the one on the server that the URL or the options name.
 * Errors: not_found, and usage if several jobs fit.
 */
export async function findJobId(stateDir: string, text: string, options: OptionValues): Promise<string> {
  const ids = await jobIds(stateDir);
  if (ids.includes(text)) return text;
  const known = await knownJobs(stateDir);
  const byDigits = /^[0-9a-f]+$/.test(text) ? ids.filter((id) => id.startsWith(text)) : [];
  const byText = [...byDigits, ...jobsNamed(known, text).map(({ id }) => id)];
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

/** Finds the jobs of a single row, such as a vector, by the id or URL of that row on the server. */
async function jobsOfVector(stateDir: string, known: readonly KnownJob[], text: string): Promise<KnownJob[]> {
  const [model, source, index] = partsOfId(text).parts.slice(-3);
  if (index === undefined || !/^\d+$/.test(index)) return [];
  const named = new Set([`${model}/${source}/${index}`]);
  const found: KnownJob[] = [];
  for (const one of known) {
    // Only a job that is bound to a single request has a single row. Other jobs are not named by one of their rows.
    if (one.job.request === undefined || one.job.as === 'activations' || one.job.model !== model) continue;
    const state = await readJobState(stateDir, one.id);
    if (state && rowsAmong(one.job, state, named).length > 0) found.push(one);
  }
  return found;
}

/** Returns the job of a source, or of a vector's name; undefined if there is none. Error: usage if several fit. */
export async function jobOfSource(stateDir: string, text: string, options: OptionValues): Promise<string | undefined> {
  const all = jobsNamed(await knownJobs(stateDir), text);
  return all.length > 0 ? oneOf(all, text, options) : undefined;
}

function oneOf(all: readonly KnownJob[], text: string, options: OptionValues): string {
  const isThere = atServer(partsOfId(text).host, options);
  const there = all.filter(({ job }) => isThere(job));
  const [only, ...others] = there.length > 0 ? there : all;
  if (only === undefined || others.length > 0) throw severalJobs(text, there.length > 0 ? there : all);
  return only.id;
}

/** Finds the jobs of a source or of a vector's name. */
function jobsNamed(known: readonly KnownJob[], text: string): KnownJob[] {
  const named = known.filter(({ job }) => isOfName(job, text));
  // The name of a vector may look like an address, of which only the end would be taken for a source.
  if (named.length > 0 && partsOfId(text).host !== undefined) return named;
  const source = sourceNamed(text);
  return known.filter((one) => named.includes(one) || isOfSource(one.job, source));
}

/** With `--as vectors` a job carries the SAE's source, but its title begins with the source that the vectors go to. */
function isOfSource({ model, source, title }: JobRecord, asked: string | undefined): boolean {
  return asked !== undefined && (`${model}/${source}` === asked || title === asked || title.startsWith(`${asked} (`));
}

/** The title of a vector's job is the vector's name, followed by its model and layer. */
function isOfName({ title }: JobRecord, asked: string): boolean {
  return title.startsWith(`${asked} (`) && /^ \([^()]+, layer \d+\)$/.test(title.slice(asked.length));
}

/** Returns a test for whether a job is on the server that a pasted URL or the options name. */
function atServer(
  host: string | undefined,
  { apiUrl, sandbox, sandboxPublic }: OptionValues,
): (job: JobRecord) => boolean {
  const asked = host ?? (apiUrl !== undefined && URL.canParse(apiUrl) ? new URL(apiUrl).host : undefined);
  return ({ serverName, serverKind }) => {
    if (asked !== undefined) return isOnHost(serverName, asked);
    const named = serverKind === 'public' ? sandboxPublic : sandbox;
    return named === true && !URL.canParse(serverName);
  };
}

/** Whether a server, by its name, is at a host; an embedded one is at none. */
function isOnHost(serverName: string, host: string): boolean {
  return URL.canParse(serverName) && plainHost(new URL(serverName).host) === plainHost(host);
}

/** Checks that a job named by a URL is on that host: elsewhere the same source is another upload. Error: usage. */
export function requireHost(text: string, job: JobRecord): void {
  const { serverName, title } = job;
  const { host } = partsOfId(text);
  // The name of a vector may look like an address.
  if (host === undefined || isOfName(job, text) || isOnHost(serverName, host)) return;
  throw new AppError('usage', `nothing was uploaded from here to ${text}: ${title} went to ${serverName}`, {
    hints: ['name the job by its id, as status lists it'],
  });
}

function severalJobs(text: string, jobs: readonly KnownJob[]): AppError {
  const inOrder = [...jobs].sort((a, b) => (a.job.createdAt < b.job.createdAt ? -1 : 1));
  return new AppError('usage', `${text} matches ${jobs.length} jobs: name one by its id`, {
    hints: inOrder.slice(-mostNamed).map(({ id, job }) => `${id}: ${job.title} at ${job.serverName}`),
  });
}
