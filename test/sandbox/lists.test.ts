import { expect, test } from 'vitest';
import { BATCH, batch, feature, type Json, newVector, withSourceSet } from './running-sandbox.ts';

const place = (index: number | string, more: Record<string, unknown> = {}) => ({
  ...{ modelId: 'gpt2-small', layer: '6-mine', index, ...more },
});

async function withRows() {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(0), feature(1)]));
  const entries = () =>
    sandbox.ask(`SELECT name, idx, list_features.description FROM list_features JOIN lists ON lists.id = list_id
      JOIN features ON features.id = feature_id ORDER BY list_features.id`);
  return { ...sandbox, entries };
}

test('a list made with features is shown in its features, in the list of lists and in the user', async () => {
  const sandbox = await withRows();
  const { vector } = (await sandbox.post('/api/vector/new', newVector())).json;
  const features = [place(0, { description: 'x' }), place(vector.index, { layer: vector.source })];
  const { status, json } = await sandbox.post('/api/list/new-with-features', { name: 'L', description: 'D', features });
  const { url, notFound, ...list } = json;
  expect([status, notFound]).toEqual([200, []]);
  expect(list).toMatchObject({ name: 'L', description: 'D', userId: 'user_bulk', user: { name: 'bulk' } });
  expect(url).toBe(`${sandbox.url}/list/${list.id}`);
  expect(sandbox.entries()).toEqual([
    { name: 'L', idx: 0, description: 'x' },
    { name: 'L', idx: Number(vector.index), description: '' },
  ]);
  expect((await sandbox.post('/api/list/list')).json).toEqual([list]);
  expect((await sandbox.post('/api/user/refresh')).json.lists).toEqual([list]);
  expect((await sandbox.get('/api/feature/gpt2-small/6-mine/0', { key: null })).json.lists).toEqual([list]);
  expect((await sandbox.get('/api/feature/gpt2-small/6-mine/1')).json.lists).toEqual([]);
  expect((await sandbox.post('/api/list/list', {}, { key: 'sandbox-free' })).json).toEqual([]);
});

test('a missing row is left out of a new list and named in the answer', async () => {
  const sandbox = await withRows();
  const features = [place(0), place(999)];
  const { status, json } = await sandbox.post('/api/list/new-with-features', { name: 'L', features });
  expect([status, json.notFound]).toEqual([200, ['gpt2-small/6-mine/999']]);
  expect(sandbox.entries()).toEqual([{ name: 'L', idx: 0, description: '' }]);
});

test('features are added to a list all or none, and each only once', async () => {
  const sandbox = await withRows();
  const { id: listId } = (await sandbox.post('/api/list/new', { name: 'L' })).json;
  const add = (featuresToAdd: Json[], options = {}) =>
    sandbox.post('/api/list/add-features', { listId, featuresToAdd }, options);
  const { status, json } = await add([place('1', { description: 'y' })]);
  expect(status).toBe(200);
  expect(json).toEqual([{ ...place('1'), listId, description: 'y', addedAt: expect.any(String), userId: 'user_bulk' }]);
  expect(await add([place(0), place(999)])).toMatchObject({
    ...{ status: 404, json: { code: 'not_found', path: 'featuresToAdd[1]' } },
  });
  await add([place(1, { description: 'z' })]);
  expect(sandbox.entries()).toEqual([{ name: 'L', idx: 1, description: 'z' }]);
  const theirs = await add([place(0)], { key: 'sandbox-free' });
  expect(theirs).toMatchObject({ status: 409, json: { code: 'not_owner', path: 'listId' } });
  const unknown = await sandbox.post('/api/list/add-features', { listId: 'nope', featuresToAdd: [] });
  expect(unknown).toMatchObject({ status: 404, json: { code: 'not_found', path: 'listId' } });
});

test('lists require a key, and making one requires upload permission', async () => {
  const sandbox = await withRows();
  const bodies = { new: { name: 'L' }, 'new-with-features': { name: 'L', features: [] } };
  for (const [end, body] of Object.entries(bodies)) {
    const path = `/api/list/${end}`;
    expect(await sandbox.post(path, body, { key: null })).toMatchObject({ status: 401 });
    const readonly = await sandbox.post(path, body, { key: 'sandbox-readonly' });
    expect(readonly).toMatchObject({ status: 403, json: { code: 'upload_not_permitted' } });
    expect((await sandbox.post(path, { ...body, name: '' })).json).toMatchObject({
      code: 'invalid_field',
      path: 'name',
    });
  }
  expect((await sandbox.post('/api/list/list', {}, { key: null })).status).toBe(401);
  expect((await sandbox.post('/api/list/list', {}, { key: 'sandbox-readonly' })).json).toEqual([]);
  expect(sandbox.count('lists')).toBe(0);
});
