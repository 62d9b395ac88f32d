import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, utimesSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { isLocked, takeLock } from '../../src/upload/lock.ts';
import { processStart } from '../../src/upload/process-start.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'np-lock-'));
  path = join(folder, 'job.lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A heart that is silent for so long has stopped. */
const quick = { listenMs: 400 };

const owner = (fields: object) =>
  JSON.stringify({ id: 'other', host: hostname(), pid: 1, start: 'never', since: 'then', ...fields });

/** Takes the lock of a run that is gone: what its journal holds is written anew then, in case it is not. */
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

  it('of a process that has died is taken over', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const pid = child.pid as number;
    await writeFile(path, owner({ pid, start: processStart(pid) }));
    await expect(takeLock(path)).rejects.toThrow(`pid ${pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await takeLock(path)).release();
  });

  it.runIf(process.platform === 'linux')(
    'of a process that has died and was not asked after is taken over',
    async () => {
      // It ends once what began it has turned into a program that does not ask.
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
    },
  );

  it('of a dead process whose number another process has now is taken over', async () => {
    await writeFile(path, owner({ pid: process.ppid, start: 'an earlier boot/1' }));
    await takeOver();
  });

  it('of an earlier run with the same number, as in a container where every run is pid 1, is taken over', async () => {
    await writeFile(path, owner({ pid: process.pid, start: 'before' }));
    await takeOver();
  });

  it('of a living process is believed where the system tells no start, while its heart beats', async () => {
    await writeFile(path, owner({ pid: process.ppid, start: '' }));
    expect(await isLocked(path)).toBe(true);
    // For a minute: it may be stopped, or its disk stand still.
    const silent = async (ms: number) => utimes(path, new Date(Date.now() - ms), new Date(Date.now() - ms));
    await silent(59_000);
    expect(await isLocked(path)).toBe(true);
    await silent(61_000);
    expect(await isLocked(path)).toBe(false);
    await takeOver();
  });

  it('of another host is believed for a minute after its last heartbeat', async () => {
    await writeFile(path, owner({ host: 'elsewhere' }));
    await expect(takeLock(path)).rejects.toThrow('on elsewhere');
    const then = new Date(Date.now() - 61_000);
    await utimes(path, then, then);
    await takeOver(quick);
  });

  it('of another host whose clock is an hour off is not taken while its heart beats, and is once it has stopped', async () => {
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

  it('of another container on this host is taken over once its heart has stopped, not before', async () => {
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

  it('of another container is not taken where its last beat looks old because the clock was set', async () => {
    await writeFile(path, owner({ pid: 1, start: 'a boot/1', space: 'pid:[1]' }));
    const then = new Date(Date.now() - 3_600_000);
    await utimes(path, then, then);
    const taking = takeLock(path, quick);
    // Within any listening it beats, however late this process gets its turn.
    const heart = setInterval(() => utimesSync(path, new Date(), new Date()), 50);
    await expect(taking).rejects.toMatchObject({ code: 'locked' });
    clearInterval(heart);
  });

  it('gives a sign of life every two seconds', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = await takeLock(path);
    const long = new Date(Date.now() - 3_600_000);
    await utimes(path, long, long);
    vi.advanceTimersByTime(2_000);
    await vi.waitFor(async () => expect(Date.now() - (await stat(path)).mtimeMs).toBeLessThan(60_000));
    await lock.release();
    vi.useRealTimers();
  });

  it('gives none once another run has it, which would seem to live by it', async () => {
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

  it('that was left behind goes to one of many who want it at once, in one process too', async () => {
    await writeFile(path, owner({ pid: process.ppid, start: 'an earlier boot/1' }));
    const taken = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(path)));
    const locks = taken.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const holding = await Promise.allSettled(locks.map((lock) => lock.stillOurs()));
    expect(holding.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of taken) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'locked' });
    for (const lock of locks) await lock.release();
  });

  it('tells its owner once another has it', async () => {
    const first = await takeLock(path);
    const second = await takeLock(path, { force: true });
    expect([first.takenOver, second.takenOver]).toEqual([false, true]);
    await expect(first.stillOurs()).rejects.toMatchObject({ code: 'locked', exitCode: 11 });
    await second.release();
    await expect(first.stillOurs()).rejects.toThrow('its lock file is gone');
  });

  it('is looked at again after ten milliseconds, or when the clock was set back', async () => {
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

  it('can be broken by force, and is then not taken from its new owner when the old one ends', async () => {
    const first = await takeLock(path);
    const second = await takeLock(path, { force: true });
    await first.release();
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('that was cut off while being written belongs to nobody', async () => {
    await writeFile(path, '{"id":"x"');
    await takeOver();
  });
});
