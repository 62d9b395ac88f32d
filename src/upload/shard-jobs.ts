import { AppError } from '../errors.ts';
import { type KnownJob, listJobs } from './jobs.ts';
import { journalPath, readJobRecord } from './journal.ts';

/**
 * Shards of one division of an SAE run side by side; a run of the whole, or of another division, has rows in common with
 * them, and both would send these. Asked once a job's own record is written: of two that begin at once, one sees the
 * other. Error: locked, naming the other job.
 */
export async function refuseOverlap(stateDir: string, id: string): Promise<void> {
  const job = await readJobRecord(journalPath(stateDir, id));
  const others = job ? await listJobs(stateDir, (known) => known.id !== id && shareRows({ id, job }, known)) : [];
  const other = others.find(({ state }) => state === 'running');
  if (!other) return;
  const what = other.job.shard === undefined ? 'the whole of it' : `its shard ${other.job.shard}`;
  throw new AppError(
    'locked',
    `another run is uploading ${other.job.model}/${other.job.source}: ${what} (job ${other.id})`,
    { hints: ['wait until it has ended; shards run side by side where all of them are of the same number N of parts'] },
  );
}

function shareRows({ job: a }: KnownJob, { job: b }: KnownJob): boolean {
  const place = (['server', 'account', 'model', 'source', 'as'] as const).every((name) => a[name] === b[name]);
  const parts = [a, b].map(({ shard }) => shard?.split('/')[1]);
  return place && (a.shard ?? b.shard) !== undefined && parts[0] !== parts[1];
}
