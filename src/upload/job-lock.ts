import { createHash } from 'node:crypto';
import { lockPath } from './journal.ts';
import type { JobRecord } from './journal-records.ts';
import { type Lock, takeLock } from './lock.ts';
import type { JobIdentity, JobInput } from './run.ts';
import type { Server } from './server.ts';
import { formatShard } from './shard.ts';

/** All that a job is bound to. */
type BoundJob = Pick<JobRecord, 'server' | 'account' | 'model' | 'source' | 'as' | 'request' | 'shard'>;

/** Returns sixteen hex digits of a digest over all that a job is bound to. */
export function jobId(server: Server, { shard, ...identity }: JobIdentity): string {
  const bound = { server: server.id, account: server.account.id, ...identity };
  return idOfJob({ ...bound, ...(shard && { shard: formatShard(shard) }) });
}

/** Returns the same for a job as its journal describes it. */
export function idOfJob({ server, account, model, source, as, request = '', shard }: BoundJob): string {
  return digestOf([server, account, model, source, as, request, ...(shard === undefined ? [] : [shard])]);
}

function digestOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/**
 * Takes the lock of a job and, for a single vector, that of the vector: another job may send it with other fields. Errors:
 * those of `takeLock`.
 */
export async function lockJob(id: string, { server, identity, stateDir, forceUnlock: force }: JobInput): Promise<Lock> {
  const job = await takeLock(lockPath(stateDir, id), { force });
  if (identity.vector === undefined) return job;
  try {
    const name = digestOf([server.id, server.account.id, identity.vector]);
    const vector = await takeLock(lockPath(stateDir, name), { force, what: 'this vector' });
    const stillOurs = async () => {
      await job.stillOurs();
      await vector.stillOurs();
    };
    return { ...job, stillOurs, release: () => vector.release().finally(job.release) };
  } catch (error) {
    await job.release();
    throw error;
  }
}
