import { expect, test } from 'vitest';
import type { Visit } from '../../src/sandbox/kind.ts';
import { admit } from '../../src/sandbox/public/windows.ts';
import { openWritableStore } from '../../src/sandbox/store/store.ts';
import { publicSandbox } from './public-sandbox.ts';
import { temporaryFolder } from './running-sandbox.ts';

const at = (time: string) => new Date(`2026-11-22T${time}Z`);

function clock(time: string) {
  let now = at(time);
  const set = (to: string): void => {
    now = at(to);
  };
  return { now: () => now, set };
}

const limited = async (time: string) => {
  const { now, set } = clock(time);
  const sandbox = await publicSandbox({ rateLimit: true, now });
  const remaining = async (path: string, body: unknown = {}) => {
    const { status, headers } = await sandbox.post(path, body);
    return status === 429 ? '429' : headers.get('x-limit-remaining');
  };
  return { sandbox, set, remaining };
};

test('the eleventh source set request of an hour gets a 429 that does not say when to retry', async () => {
  const { sandbox, remaining } = await limited('12:00:00');
  const left = [];
  for (let i = 0; i < 10; i++) left.push(await remaining('/api/source-set/new'));
  expect(left).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1', '0']);
  const { status, headers, json } = await sandbox.post('/api/source-set/new', {});
  expect([status, headers.get('retry-after'), headers.get('x-limit-remaining')]).toEqual([429, null, null]);
  expect(json).toEqual({
    endpoint: '/api/source-set/new',
    limitPerWindow: 10,
    requestWindow: '60 m',
    remainingRequests: 0,
    error:
      'Rate limit exceeded for this endpoint. The limit for this endpoint (/api/source-set/new) is 10 requests per ' +
      '60 m. Contact johnny@neuronpedia.org to increase your rate limit.',
  });
});

test('steer and steer-chat share a window; uploads and vectors count only against the API-wide one', async () => {
  const { remaining } = await limited('12:00:00');
  expect(await remaining('/api/steer')).toBe('239');
  expect(await remaining('/api/steer-chat')).toBe('238');
  expect(await remaining('/api/steer')).toBe('237');
  expect(await remaining('/api/feature/upload-batch')).toBe('24996');
  expect(await remaining('/api/vector/new')).toBe('24995');
  expect(await remaining('/api/model/new')).toBe('4');
});

test('all keys used from one address share its window, and requests without a key count too', async () => {
  const { sandbox } = await limited('12:00:00');
  const left = [];
  for (const key of ['sandbox-bulk', 'sandbox-free', null]) {
    left.push((await sandbox.post('/api/model/new', {}, { key })).headers.get('x-limit-remaining'));
  }
  expect(left).toEqual(['4', '3', '2']);
});

test('the window slides: the previous hour counts by the share of it in the last 60 minutes', async () => {
  const { set, remaining } = await limited('12:30:00');
  for (let i = 0; i < 10; i++) await remaining('/api/source-set/new');
  set('13:00:00');
  expect(await remaining('/api/source-set/new')).toBe('429');
  set('13:05:59');
  // 90.03 % of the 10 requests still count: 9, rounded down.
  expect(await remaining('/api/source-set/new')).toBe('0');
  expect(await remaining('/api/source-set/new')).toBe('429');
  set('13:30:00');
  expect(await remaining('/api/source-set/new')).toBe('3');
  set('15:00:00');
  expect(await remaining('/api/source-set/new')).toBe('9');
});

test('counting continues after a restart on the same data; without the limiter nothing is counted', async () => {
  const now = () => at('12:00:00');
  const first = await publicSandbox({ rateLimit: true, now });
  await first.post('/api/model/new', {});
  await first.close();
  const second = await publicSandbox({ rateLimit: true, now, dataDir: first.dataDir });
  expect((await second.post('/api/model/new', {})).headers.get('x-limit-remaining')).toBe('3');
  const open = await publicSandbox({ now, dataDir: first.dataDir });
  expect((await open.post('/api/model/new', {})).headers.get('x-limit-remaining')).toBeNull();
  expect((await second.post('/api/model/new', {})).headers.get('x-limit-remaining')).toBe('2');
});

test('each address has windows of its own, and the API-wide one allows 25,000 requests an hour', () => {
  const store = openWritableStore(temporaryFolder(), at('12:00:00'));
  const visit = (ip: string, path: string): Visit => ({ store, ip, path, now: at('12:00:00') });
  for (let i = 0; i < 5; i++) expect(admit(visit('10.0.0.1', '/api/model/new'))).toEqual({ remaining: String(4 - i) });
  expect(admit(visit('10.0.0.1', '/API/model/new'))).toHaveProperty('refused');
  expect(admit(visit('10.0.0.2', '/api/model/new'))).toEqual({ remaining: '4' });
  expect(admit(visit('10.0.0.1', '/gpt2-small'))).toEqual({ remaining: null });
  store.write(() => {
    for (let i = 0; i < 24_999; i++)
      store.windows.add('10.0.0.3', '/api', Math.floor(at('12:00:00').getTime() / 3.6e6));
  });
  expect(admit(visit('10.0.0.3', '/api/vector/new'))).toEqual({ remaining: '0' });
  expect(admit(visit('10.0.0.3', '/api/vector/new'))).toHaveProperty('refused');
  store.close();
});
