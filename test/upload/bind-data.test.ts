import { join } from 'node:path';
import { expect, it } from 'vitest';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { checkData } from '../../src/upload/bind-data.ts';
import { idOfJob } from '../../src/upload/job-lock.ts';
import type { JournalRecord } from '../../src/upload/journal-records.ts';
import { npyImage, opened, tempFolder, writeFiles } from '../fixtures.ts';
import { foldRecords } from './fold.ts';

/** Two shards of one source are told apart by their ids alone. */
const bound = { server: 's', account: 'a', model: 'm', source: '1-x', as: 'features', shard: '2/2' } as const;
const shard: JournalRecord = {
  ...{ t: 'job', version: 1, serverKind: 'upload-protocol', serverName: 'http://s', accountName: 'a' },
  ...{ ...bound, title: 't', command: 'c', createdAt: '2026-01-01' },
};

/** Checks a journal with the digest `before` and the fields `saidBefore` against a file with `now` and `saidNow`. */
async function check(before: string, now: string, saidBefore = '{}', saidNow = saidBefore): Promise<void> {
  const folder = await tempFolder();
  await writeFiles(folder, { 'rows.npy': npyImage('<f4', false, [2, 2], new Uint8Array(16)) });
  const file = await opened(join(folder, 'rows.npy'));
  const state = foldRecords([
    shard,
    { t: 'data', rows: 2, width: 2, fields: saidBefore },
    { t: 'blocks', hashes: { 0: before } },
  ]);
  checkData(state, { matrix: matrixOf(file.tensors.get('')!, 'rows'), blocks: new Map([[0, now]]), fields: saidNow });
}

/** Does the same for other fields and the same digest. */
const checkFields = (before: string, now: string) => check('0badcafe', '0badcafe', before, now);

it('changed values are noticed by their digest', async () => {
  await check('0badcafe', '0badcafe');
  const hints = expect.arrayContaining([expect.stringMatching(`neuronpedia delete --job ${idOfJob(bound)}$`)]);
  const mismatch = { code: 'checkpoint_mismatch', exitCode: 12, hints };
  await expect(check('0badcafe', 'deadbeef')).rejects.toMatchObject(mismatch);
});

it.each([
  ['{"visibility":"public","license":"MIT"}', '{"license":"MIT"}'],
  ['{"license":"MIT"}', '{"license":"MIT","visibility":"public"}'],
])('stating the default visibility, public, is no change: %s, then %s', async (before, now) => {
  await expect(checkFields(before, now)).resolves.toBeUndefined();
  await expect(checkFields(before, now.replace('MIT', 'CC0-1.0'))).rejects.toThrow(
    '--license, sent along with it, changed',
  );
  await expect(checkFields(before, '{"license":"MIT","visibility":"private"}')).rejects.toThrow(
    '--visibility, sent along with it, changed',
  );
});
