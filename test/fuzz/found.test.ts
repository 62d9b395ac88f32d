import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { retryAfterMs } from '../../src/api/answer-errors.ts';
import type { Answer } from '../../src/api/http.ts';
import { fullWindow } from '../../src/api/request-window.ts';
import { limitsSchema, lookedUpSchema, newVectorSchema } from '../../src/api/schemas.ts';
import { safeJson, safeLine } from '../../src/cli/display-text.ts';
import { openKeyStore } from '../../src/config/key-store.ts';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { readJournal } from '../../src/upload/journal.ts';
import { npyImage, opened, safetensorsImage, tempFolder } from '../fixtures.ts';
import { readLogical, readRows } from '../tensor/logical-order.ts';
import { withinMemory } from './allocations.ts';

/** The smallest cases of the bugs that fuzzing has found, so that they stay fixed. */

async function saved(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(await tempFolder(), name);
  await writeFile(path, content);
  return path;
}

test('a boolean stored as any non-zero byte is read as true', async () => {
  const file = await opened(await saved('a.npy', npyImage('|b1', false, [3], Uint8Array.of(0, 128, 1))));
  expect([...(await readLogical(file.tensors.get('')!))]).toEqual([0, 1, 1]);
});

test('a matrix without columns, read by columns, takes no memory however many rows it claims', async () => {
  const header = '{"a":{"dtype":"F64","shape":[4294967296,0],"data_offsets":[0,0]}}';
  const file = await opened(await saved('a.safetensors', safetensorsImage(header, new Uint8Array(0))));
  const matrix = matrixOf(file.tensors.get('a')!, 'columns');
  const { result, tooLarge } = await withinMemory(1 << 20, () => readRows(matrix));
  expect([result.length, tooLarge]).toEqual([0, []]);
});

test('an index is read even if a value in its metadata cannot be converted to a string', async () => {
  const shard = safetensorsImage('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', Uint8Array.of(7));
  const index = '{"metadata":{"total_size":{"toString":null,"valueOf":null}},"weight_map":{"a":"a.safetensors"}}';
  const path = await saved('model.safetensors.index.json', index);
  await writeFile(join(path, '../a.safetensors'), shard);
  expect((await opened(path)).tensors.has('a')).toBe(true);
});

test('a journal line with a valid checksum but invalid JSON makes a damaged journal that can still be read', async () => {
  const path = join(await tempFolder(), 'jobs', 'a.journal');
  await mkdir(join(path, '..'));
  await writeFile(path, `${crc32('{').toString(16).padStart(8, '0')} {\n`);
  expect(await readJournal(path)).toMatchObject({ damaged: true, state: { stored: [] } });
});

test.each([
  ['nested deeper than any stack', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
  ['that are not strings', '{"https://a.b":{}}'],
  ['under names that are not server addresses', '{"a":"b"}'],
])('stored keys %s are refused as unreadable', async (_, text) => {
  const folder = join(await saved('keys.json', text), '..');
  expect(() => openKeyStore(folder).get('https://a.b')).toThrow(/stored keys cannot be read/);
});

const answer = (status: number, json: unknown, headers: Record<string, string> = {}): Answer => ({
  ...{ status, json, text: JSON.stringify(json), headers: new Map(Object.entries(headers)) },
  ...{ origin: 'http://a', keyFrom: undefined, hasKey: false },
});

test('impossible times from a server never become invalid dates', () => {
  const features = { limit: 1, used: 0, resetsAt: 'soon' };
  const flags = { privateUploads: false, storesVectors: true, idempotencyKeys: true };
  const limits = { tier: 'a', features, ...flags, maxFeaturesPerBatch: 1, maxBodyBytes: 1 };
  expect(limitsSchema.parse(limits).features.resetsAt).toBeUndefined();
  for (const said of ['1e300', '99999999999999', 'Tue, 01 Jan 275000 00:00:00 GMT']) {
    const wait = retryAfterMs(answer(429, {}, { 'retry-after': said })) ?? 0;
    expect(new Date(Date.now() + wait).toISOString()).toMatch(/^\d{4}-/);
  }
  expect(fullWindow(answer(429, { limitPerWindow: 1, requestWindow: '9999999999999999d' }))).toBeUndefined();
});

test('only the text "0" is read as row 0', () => {
  for (const index of ['', ' ', '0x0', '-0', '1e0', '\u001b[31m']) {
    expect(lookedUpSchema.safeParse({ index }).success, index).toBe(false);
    expect(newVectorSchema.safeParse({ vector: { modelId: 'm', source: 's', index } }).success, index).toBe(false);
  }
  expect(lookedUpSchema.parse({ index: '0' }).index).toBe(0);
});

test('a line keeps bold and colours if they are wanted, but nothing else that a terminal acts on', () => {
  const line = '\u001b[1mname\u001b[22m \u001b[2J\u001b]0;t\u0007\u009b31m\u202e';
  expect(safeLine(line, true)).toBe('\u001b[1mname\u001b[22m ␛[2J␛]0;t␇\ufffd31m\ufffd');
  expect(safeLine('\u001b[8mhidden\u001b[7m, turned', true)).toBe('␛[8mhidden␛[7m, turned');
  expect(safeLine(line, false)).toBe('name ␛[2J␛]0;t␇\ufffd31m\ufffd');
  expect(JSON.parse(safeJson(JSON.stringify(line)))).toBe(line);
});
