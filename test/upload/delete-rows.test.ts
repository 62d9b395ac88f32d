import { expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { deleteRows } from '../../src/upload/delete-rows.ts';

it('if the server goes away, only rows whose deletion was never sent are marked as kept', async () => {
  const [unsent, lost] = ['m/1-x/1', 'm/1-x/2'];
  const kept: string[] = [];
  const quiet = async () => undefined;
  const rows = {
    read: async () => new Map(),
    owners: async (ids: readonly string[]) => new Map(ids.map((id) => [id, 'me'])),
    remove: async (id: string) => {
      throw new AppError('unreachable', id, { details: { sent: id === lost } });
    },
  };
  const marks = {
    begin: quiet,
    gone: quiet,
    vanished: quiet,
    kept: async (ids: readonly string[]) => void kept.push(...ids),
  };
  const { signal: stop } = new AbortController();
  const run = { rows, marks, inFlight: 2, stop, onProgress: () => undefined };
  expect((await deleteRows([unsent, lost], run)).failure).toMatchObject({ message: unsent });
  expect(kept).toEqual([unsent]);
});

/** Deletes 200 rows from a server that fails as `remove` says, and keeps the rows that it fails on, unless not `isKept`. */
async function deleteAll(remove: (index: number) => AppError | undefined, isKept = true) {
  const ids = Array.from({ length: 200 }, (_, index) => `m/1-x/${index}`);
  const quiet = async () => undefined;
  const rows = {
    read: async () => new Map(),
    owners: async (some: readonly string[]) =>
      new Map(some.filter((id) => isKept && remove(indexOf(id))).map((id) => [id, 'me'])),
    remove: async (id: string) => {
      const error = remove(indexOf(id));
      if (error) throw error;
      return undefined;
    },
  };
  const marks = { begin: quiet, gone: quiet, kept: quiet, vanished: quiet };
  const { signal: stop } = new AbortController();
  return deleteRows(ids, { rows, marks, inFlight: 1, stop, onProgress: () => undefined });
}

const indexOf = (id: string) => Number(id.slice(id.lastIndexOf('/') + 1));
const gateway = (details = {}) => new AppError('server_failing', 'a gateway', { details: { status: 502, ...details } });

it('a row whose deletion fails at a gateway stays unknown, and the others are deleted', async () => {
  const { deleted, unknown, unknownWhy, failure } = await deleteAll((index) => (index === 5 ? gateway() : undefined));
  expect([deleted.length, unknown, failure]).toEqual([199, ['m/1-x/5'], undefined]);
  expect(unknownWhy).toMatchObject({ message: 'a gateway' });
});

it('a server that keeps failing, or asks for a pause, ends the deletion', async () => {
  const away = await deleteAll((index) => (index >= 10 ? gateway() : undefined));
  expect(away).toMatchObject({ deleted: { length: 10 }, left: { length: 190 }, failure: { message: 'a gateway' } });
  const paused = await deleteAll((index) => (index >= 10 ? gateway({ wait_s: 90 }) : undefined));
  expect(paused).toMatchObject({ deleted: { length: 10 }, failure: { details: { wait_s: 90 } } });
});

it('a gateway that fails and has all rows deleted all the same has not failed, but a refusal has', async () => {
  const done = await deleteAll((index) => (index >= 197 ? gateway() : undefined), false);
  expect(done).toMatchObject({ deleted: { length: 200 }, left: [], unknown: [] });
  expect(done.failure).toBeUndefined();
  const refused = await deleteAll((index) => (index >= 199 ? new AppError('refused', 'no') : undefined), false);
  expect(refused).toMatchObject({ deleted: { length: 200 }, failure: { message: 'no' } });
});
