import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, utimesSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { lockJob } from '../../src/upload/job-lock.ts';
import { isLocked, takeLock } from '../../src/upload/lock.ts';
import { processStart } from '../../src/upload/process-start.ts';
import type { JobInput } from '../../src/upload/run.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'np-lock-'));
  path = join(folder, 'job.lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An owner without a heartbeat for this long counts as dead. */
const quick = { listenMs: 400 };

const owner = (fields: object) =>
  JSON.stringify({ id: 'other', host: hostname(), pid: 1, start: 'never', since: 'then', ...fields });

/** Takes the lock of a dead run, which must count as taken over: its journal is then rewritten, in case it lives. */
async function takeOver(options = {}): Promise<void> {
  const lock = await takeLock(path, options);
  expect(lock.takenOver).toBe(true);
  await lock.release();
}

describe('the lock of a job', () => {
  it('keeps a second run out until it is released', async () => {
    const lock = await takeLock(path);
    await expect(takeLock(path)).rejects.toMatchObject({ code: 'locked', exitCode: 11 });
    expect(await isLocked(path)).toBe(true);
    await lock.release();
    expect(await isLocked(path)).toBe(false);
    await (await takeLock(path)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('of a dead process is taken over', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const pid = child.pid as number;
    await writeFile(path, owner({ pid, start: processStart(pid) }));
    await expect(takeLock(path)).rejects.toThrow(`pid ${pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await takeLock(path)).release();
  });

  it.runIf(process.platform === 'linux')('of a zombie process is taken over', async () => {
    // The child ends after its parent has turned into a program that never waits for it.
    const words = ['-c', 'cat <&3 & echo $!; exec sleep 1000'];
    const parent = spawn('sh', words, { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const pid = Number((await once(parent.stdout as Readable, 'data'))[0]);
    const until = async (isSo: () => boolean) => {
      while (!isSo()) await new Promise(setImmediate);
    };
    await until(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n');
    (parent.stdio[3] as Writable).end();
    await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
    const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    await writeFile(path, owner({ pid, start: `${boot}/${start}` }));
    expect(await isLocked(path)).toBe(false);
    expect((await takeLock(path)).takenOver).toBe(true);
  });

  it('of a dead process whose pid another process has now is taken over', async () => {
    await writeFile(path, owner({ pid: process.ppid, start: 'an earlier boot/1' }));
    await takeOver();
  });

  it('of an earlier run with our pid, as in a container where every run is pid 1, is taken over', async () => {
    await writeFile(path, owner({ pid: process.pid, start: 'before' }));
    await takeOver();
  });

  it('of another copy of this module in this process, as in a worker thread, is taken over only after its heartbeats stop', async () => {
    vi.resetModules();
    const copy = await import('../../src/upload/lock.ts');
    const lock = await copy.takeLock(path);
    await expect(takeLock(path)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('another run'),
    });
    expect(await isLocked(path)).toBe(true);
    await lock.release();
    await writeFile(path, owner({ pid: process.pid, start: processStart(process.pid) }));
    await takeOver(quick);
  });

  it('of a live process without a known start time holds until a minute after its last heartbeat', async () => {
    await writeFile(path, owner({ pid: process.ppid, start: '' }));
    expect(await isLocked(path)).toBe(true);
    // A minute, because it may be suspended or its disk may hang.
    const silent = async (ms: number) => utimes(path, new Date(Date.now() - ms), new Date(Date.now() - ms));
    await silent(59_000);
    expect(await isLocked(path)).toBe(true);
    await silent(61_000);
    expect(await isLocked(path)).toBe(false);
    await takeOver();
  });

  it('of another host holds for a minute after its last heartbeat', async () => {
    await writeFile(path, owner({ host: 'elsewhere' }));
    await expect(takeLock(path)).rejects.toThrow('on elsewhere');
    const then = new Date(Date.now() - 61_000);
    await utimes(path, then, then);
    await takeOver(quick);
  });

  it('of another host whose clock is an hour off is taken over only after its heartbeats stop', async () => {
    for (const off of [-3_600_000, 3_600_000]) {
      await writeFile(path, owner({ host: 'elsewhere' }));
      const beat = () => utimes(path, new Date(Date.now() + off), new Date(Date.now() + off));
      await beat();
      const heart = setInterval(beat, 50);
      await expect(takeLock(path, quick)).rejects.toThrow('on elsewhere');
      clearInterval(heart);
      await takeOver(quick);
    }
  });

  it('of another container on this host is taken over only after its heartbeats stop', async () => {
    const elsewhere = owner({ pid: 1, start: 'a boot/1', space: 'pid:[1]' });
    await writeFile(path, elsewhere);
    const beat = setInterval(() => utimes(path, new Date(), new Date()), 50);
    await expect(takeLock(path, quick)).rejects.toThrow('another run holds this job: pid 1');
    expect(await isLocked(path)).toBe(true);
    clearInterval(beat);
    const then = new Date(Date.now() - 7_000);
    await utimes(path, then, then);
    expect(await isLocked(path)).toBe(false);
    await takeOver(quick);
  });

  it('of another container is not taken over if its last heartbeat only looks old, as the clock was set', async () => {
    await writeFile(path, owner({ pid: 1, start: 'a boot/1', space: 'pid:[1]' }));
    const then = new Date(Date.now() - 3_600_000);
    await utimes(path, then, then);
    const taking = takeLock(path, quick);
    // Synchronous, so that it beats while the taker listens, however busy this process is.
    const heart = setInterval(() => utimesSync(path, new Date(), new Date()), 50);
    await expect(taking).rejects.toMatchObject({ code: 'locked' });
    clearInterval(heart);
  });

  it('gets a heartbeat every two seconds', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = await takeLock(path);
    const long = new Date(Date.now() - 3_600_000);
    await utimes(path, long, long);
    vi.advanceTimersByTime(2_000);
    await vi.waitFor(async () => expect(Date.now() - (await stat(path)).mtimeMs).toBeLessThan(60_000));
    await lock.release();
    vi.useRealTimers();
  });

  it('gets no heartbeat from a run that has lost it, as its new owner would seem alive', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = await takeLock(path);
    await writeFile(path, owner({ pid: process.ppid }));
    const long = new Date(Date.now() - 3_600_000);
    await utimes(path, long, long);
    vi.advanceTimersByTime(2_000);
    await expect(lock.stillOurs()).rejects.toMatchObject({ code: 'locked' });
    expect((await stat(path)).mtimeMs).toBeLessThan(Date.now() - 3_000_000);
    await lock.release();
    vi.useRealTimers();
  });

  it('left behind goes to exactly one of 20 takers in one process', async () => {
    await writeFile(path, owner({ pid: process.ppid, start: 'an earlier boot/1' }));
    const taken = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(path)));
    const locks = taken.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const holding = await Promise.allSettled(locks.map((lock) => lock.stillOurs()));
    expect(holding.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of taken) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'locked' });
    for (const lock of locks) await lock.release();
  });

  it('tells its owner once another run has taken it', async () => {
    const first = await takeLock(path);
    const second = await takeLock(path, { force: true });
    expect([first.takenOver, second.takenOver]).toEqual([false, true]);
    await expect(first.stillOurs()).rejects.toMatchObject({ code: 'locked', exitCode: 11 });
    await second.release();
    await expect(first.stillOurs()).rejects.toThrow('its lock file is gone');
  });

  it('is read again after ten milliseconds, or once the clock was set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const start = Date.now();
    for (const later of [10, 3_600_000, -1]) {
      vi.setSystemTime(start);
      const first = await takeLock(path);
      await first.stillOurs();
      const second = await takeLock(path, { force: true });
      vi.setSystemTime(start + 9);
      await first.stillOurs();
      vi.setSystemTime(start + later);
      await expect(first.stillOurs()).rejects.toMatchObject({ code: 'locked' });
      await first.release();
      await second.release();
    }
    vi.useRealTimers();
  });

  it('can be broken by force, and then survives the release by its old owner', async () => {
    const first = await takeLock(path);
    const second = await takeLock(path, { force: true });
    await first.release();
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is also one of the vector that it makes: other jobs that would make it wait, or end the run if they break it', async () => {
    const job = (forceUnlock = false) =>
      ({
        server: { id: 's', account: { id: 'a' } },
        identity: { vector: 'v' },
        stateDir: folder,
        forceUnlock,
      }) as JobInput;
    const first = await lockJob('1', job());
    await expect(lockJob('2', job())).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('vector'),
    });
    // What it could not have in full it has given back.
    const second = await lockJob('2', job(true));
    await expect(first.stillOurs()).rejects.toMatchObject({ code: 'locked' });
    await first.release();
    await second.stillOurs();
    await second.release();
    expect(await readdir(join(folder, 'jobs'))).toEqual([]);
  });

  it('cut off while it was written belongs to nobody', async () => {
    await writeFile(path, '{"id":"x"');
    await takeOver();
  });
});
