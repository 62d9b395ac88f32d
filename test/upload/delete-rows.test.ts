import { expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { deleteRows } from '../../src/upload/delete-rows.ts';

it('whether a request may still delete its row is told of each by itself', async () => {
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
