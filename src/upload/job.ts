import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { formatRanges, mergeRanges, type Range } from '../tensor/ranges.ts';
import type { Matrix } from '../tensor/tensor.ts';
import type { BodyFormat } from './delivery.ts';
import { blockRows } from './fingerprint.ts';
import { listJobs } from './jobs.ts';
import { type Journal, journalPath, openJournal, removeJournal } from './journal.ts';
import { type Lock, takeLock } from './lock.ts';
import { runsOf } from './row-runs.ts';
import type { JobIdentity } from './run.ts';
import type { Server } from './server.ts';

/** An open job: its journal, and the lock that keeps other runs out. */
export interface Job {
  readonly id: string;
  readonly journal: Journal;
  close(): Promise<void>;
}

export interface OpenJobOptions {
  readonly stateDir: string;
  readonly restart: boolean;
  readonly forceUnlock: boolean;
  readonly title: string;
  readonly command: string;
}

/** Sixteen hex digits of a digest over all that a job is bound to. */
export function jobId(server: Server, identity: JobIdentity): string {
  const parts = [server.id, server.account.id, identity.model, identity.source, identity.as, identity.request ?? ''];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/**
 * Refuses to begin anew what was begun on another server behind the same address, or with another account, and is not
 * finished. Error: checkpoint_mismatch with both values.
 */
export async function refuseOtherOwner(server: Server, identity: JobIdentity, stateDir: string): Promise<void> {
  const id = jobId(server, identity);
  const others = (await listJobs(stateDir)).filter(({ job, state }) => {
    const same = job.serverName === server.name && job.model === identity.model && job.source === identity.source;
    return same && job.as === identity.as && state !== 'done' && state !== 'deleted';
  });
  const other = others.find(({ job }) => job.server !== server.id || job.account !== server.account.id);
  if (!other || others.some((job) => job.id === id) || identity.request !== undefined) return;
  const { job } = other;
  const [expected, found] =
    job.server === server.id
      ? [`account ${job.accountName} (${job.account})`, `account ${server.account.name} (${server.account.id})`]
      : [`server ${job.server}`, `server ${server.id}`];
  throw new AppError(
    'checkpoint_mismatch',
    `the upload to ${identity.model}/${identity.source} at ${server.name} was begun with ${expected} and is not finished; now it is ${found}`,
    {
      hints: [`go on as it was begun, or begin anew with --restart (job ${other.id})`],
      details: { expected, found, job: other.id },
    },
  );
}

/** Opens or begins a job. Errors: locked, checkpoint_mismatch, checkpoint_damaged. */
export async function openJob(server: Server, identity: JobIdentity, options: OpenJobOptions): Promise<Job> {
  const id = jobId(server, identity);
  const path = journalPath(options.stateDir, id);
  const lock = await takeLock(join(options.stateDir, 'jobs', `${id}.lock`), { force: options.forceUnlock });
  try {
    if (options.restart) await removeJournal(path);
    const journal = await openJournal(path, lock);
    await beginJob(journal, server, identity, options).catch(async (error) => {
      await journal.close();
      throw error;
    });
    return { id, journal, close: () => closeJob(journal, lock) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function closeJob(journal: Journal, lock: Lock): Promise<void> {
  await journal.close();
  await lock.release();
}

async function beginJob(
  journal: Journal,
  server: Server,
  identity: JobIdentity,
  options: OpenJobOptions,
): Promise<void> {
  const { job } = journal.state;
  if (job) {
    if (job.serverKind === server.capabilities.kind) return;
    throw new AppError(
      'checkpoint_mismatch',
      `this job was begun on a server of kind ${job.serverKind}; it is ${server.capabilities.kind} now`,
      {
        hints: ['--restart forgets the checkpoint; rows already on the server are still found and not sent again'],
        details: { found: server.capabilities.kind, expected: job.serverKind },
      },
    );
  }
  await journal.append({
    t: 'job',
    version: 1,
    server: server.id,
    serverKind: server.capabilities.kind,
    serverName: server.name,
    account: server.account.id,
    accountName: server.account.name,
    model: identity.model,
    source: identity.source,
    as: identity.as,
    title: options.title,
    command: options.command,
    createdAt: new Date().toISOString(),
  });
}

/** What the data of a run looks like; a journal must have been begun with the same. */
export interface DataPrint {
  readonly matrix: Matrix;
  readonly blocks: ReadonlyMap<number, string>;
  /** The fields that are sent beside the values, as a JSON object. */
  readonly fields: string;
  readonly delivery: { readonly format: Pick<BodyFormat, 'indexOf'> };
}

/**
 * Checks that a journal was begun with this data, and notes what is new in it.
 * Errors: checkpoint_mismatch with both values, never a new start in silence.
 */
export async function bindData(journal: Journal, print: DataPrint): Promise<void> {
  const { matrix, blocks, fields } = print;
  const known = journal.state.data;
  if (known && (known.rows !== matrix.rows || known.width !== matrix.width)) {
    throw changed(matrix, `[${known.rows}, ${known.width}]`, `[${matrix.rows}, ${matrix.width}]`, 'its shape changed');
  }
  const option = known && changedField(known.fields, fields);
  if (option) throw changed(matrix, option.expected, option.found, `${option.name}, which is sent with it, changed`);
  const different = [...blocks].filter(([block, hash]) => (journal.state.blocks.get(block) ?? hash) !== hash);
  if (different.length > 0) {
    const rows = different.map(([block]): Range => [block * blockRows, Math.min(matrix.rows, (block + 1) * blockRows)]);
    const [block, hash] = different[0] as [number, string];
    const before = (journal.state.blocks.get(block) as string).slice(0, 12);
    throw changed(
      matrix,
      before,
      hash.slice(0, 12),
      `its values changed within rows ${formatRanges(mergeRanges(rows))} (digests)`,
    );
  }
  const fresh = [...blocks].filter(([block]) => !journal.state.blocks.has(block));
  const { rows, width } = matrix;
  const { indexOf } = print.delivery.format;
  const indices = indexOf && runsOf(rows, indexOf).map((run): [number, number, number] => [...run]);
  if (!known) await journal.append({ t: 'data', rows, width, fields, ...(indices && { indices }) });
  if (fresh.length > 0) await journal.append({ t: 'blocks', hashes: Object.fromEntries(fresh) });
}

/** The first field of two JSON objects that differs, with both values. */
function changedField(before: string, now: string): { name: string; expected: string; found: string } | undefined {
  if (before === now) return undefined;
  const [old, young] = [before, now].map((text) => new Map(Object.entries(JSON.parse(text) as object)));
  const say = (value: unknown) => (value === undefined ? 'not given' : JSON.stringify(value));
  const names = new Set([...(old?.keys() ?? []), ...(young?.keys() ?? [])]);
  const name = [...names].find((key) => say(old?.get(key)) !== say(young?.get(key))) ?? 'the order of fields';
  return { name, expected: say(old?.get(name)), found: say(young?.get(name)) };
}

function changed(matrix: Matrix, expected: string, found: string, what: string): AppError {
  const { file } = matrix.tensor;
  return new AppError(
    'checkpoint_mismatch',
    `${file}: is not what this upload was begun with: ${what}: was ${expected}, is ${found}`,
    {
      hints: [
        'go on with the file and options that it was begun with, or upload this under another --sae-id',
        '--restart forgets the checkpoint; rows already on the server are still compared and never overwritten',
      ],
      details: { file, expected, found },
    },
  );
}
