import { expect, it } from 'vitest';
import { hintsOf } from '../src/cli/usual-hints.ts';
import { AppError, toAppError } from '../src/errors.ts';
import { writeHint } from '../src/file-fault.ts';
import { openJournal } from '../src/upload/journal.ts';
import { takeLock } from '../src/upload/lock.ts';

const fault = (code: string) => Object.assign(new Error(`${code}: what the system says`), { code });

it('each reason why nothing can be written has its own remedy, and all name another place', () => {
  const remedies = ['ENOSPC', 'EROFS', 'EACCES', 'EFBIG', 'ENOTDIR'].map((code) => writeHint(fault(code), 'go on'));
  expect(remedies).toEqual([
    'free some space there, or go on',
    'that disk is mounted to be read only: mount it to be written, or go on',
    'make it accessible to this account (ls -ld shows its owner and mode), or go on',
    'lift the limit on the size of files (ulimit -f), or go on',
    'remove the file that is where a folder has to be, or go on',
  ]);
  expect(writeHint(new Error('of a driver'), 'go on')).toBe('make it a folder that you may write to, or go on');
});

it('too many open files are the reason that is said, whatever could not be opened for it', () => {
  const limit = [expect.stringContaining('ulimit -n')];
  const unreachable = new Error('no answer', { cause: new AggregateError([fault('EMFILE')]) });
  for (const cause of [fault('EMFILE'), fault('ENFILE'), unreachable, new Error('Too many open files (os error 24)')]) {
    expect(hintsOf(new AppError('file_unreadable', 'no', { hints: ['ls -l'], cause }))).toEqual(limit);
  }
  expect(hintsOf(new AppError('file_unreadable', 'no', { hints: ['ls -l'], cause: fault('EACCES') }))).toEqual([
    'ls -l',
  ]);
  const thrown = toAppError(fault('EMFILE'));
  expect([thrown.exitCode, hintsOf(thrown)]).toEqual([6, limit]);
});

it('a journal and a lock that cannot be written are about their own reason', async () => {
  const below = `${import.meta.filename}/state/jobs`;
  const hints = [expect.stringMatching(/^remove the file .* another folder with NEURONPEDIA_STATE_DIR$/)];
  await expect(openJournal(`${below}/a.journal`)).rejects.toMatchObject({ code: 'checkpoint_damaged', hints });
  await expect(takeLock(`${below}/a.lock`)).rejects.toMatchObject({ code: 'checkpoint_damaged', hints });
});
