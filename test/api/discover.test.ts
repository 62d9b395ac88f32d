import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/api/connect.ts';
import { parseServerUrl } from '../../src/api/server-url.ts';
import { answerServer, type Said } from './answer-server.ts';

let server: Awaited<ReturnType<typeof answerServer>>;
afterEach(() => server?.close());

const limits = {
  tier: 'free',
  features: { limit: 1000, used: 128, resetsAt: '2026-11-23T00:00:00Z' },
  privateUploads: false,
  maxFeaturesPerBatch: 100,
  maxBodyBytes: 4_500_000,
  storesVectors: true,
  idempotencyKeys: true,
  serverId: 'its-own-id',
};
const page: Said = { headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html><html></html>' };
const user: Said = { body: JSON.stringify({ id: 'u1', name: 'alice' }) };
const refused: Said = { status: 401, body: JSON.stringify({ error: 'bad key' }) };

async function discovered(answers: Record<string, Said>) {
  server = await answerServer((request) => answers[request] ?? { status: 404, body: '{}' });
  const { server: found, close } = await connect({ url: server.url, key: 'k', userAgent: 'test', insecure: false });
  await close();
  return found;
}

describe('finding out what a server is', () => {
  it('recognises the upload protocol by its limits and adopts them', async () => {
    const found = await discovered({
      'GET /api/upload/limits': { body: JSON.stringify(limits) },
      'POST /api/user/refresh': user,
    });
    expect(found.capabilities).toMatchObject({
      kind: 'upload-protocol',
      maxRows: 100,
      maxBytes: 4_500_000,
      idempotencyKeys: true,
    });
    const resetsAt = new Date('2026-11-23T00:00:00Z');
    expect(found.quota).toMatchObject({ tier: 'free', limit: 1000, used: 128, resetsAt });
    expect(found.id).toBe('its-own-id');
    expect(found.account).toEqual({ id: 'u1', name: 'alice' });
  });

  it('takes an id of null for none, and one of an account that is a number', async () => {
    const found = await discovered({
      'GET /api/upload/limits': { body: JSON.stringify({ ...limits, serverId: null }) },
      'POST /api/user/refresh': { body: JSON.stringify({ id: 17, name: 'alice' }) },
    });
    expect(found.id).toBe(server.url);
    expect(found.account).toEqual({ id: '17', name: 'alice' });
  });

  it('prefers the header x-server-id to the id in the limits', async () => {
    const headers = { 'content-type': 'application/json', 'x-server-id': 'of-the-data' };
    const found = await discovered({
      'GET /api/upload/limits': { headers, body: JSON.stringify(limits) },
      'POST /api/user/refresh': user,
    });
    expect(found.id).toBe('of-the-data');
  });

  for (const [what, said] of Object.entries<Said>({
    'a web page': page,
    'a 404': { status: 404, ...page },
    'a 405': { status: 405, headers: {} },
  })) {
    it(`recognises a public server by ${what} for the limits and a user with an id`, async () => {
      const found = await discovered({ 'GET /api/upload/limits': said, 'POST /api/user/refresh': user });
      expect(found.capabilities.kind).toBe('public');
      expect(found.id).toBe(server.url);
    });
  }

  it('rejects a server that answers everything with web pages as not Neuronpedia', async () => {
    const found = discovered({ 'GET /api/upload/limits': page, 'POST /api/user/refresh': page });
    await expect(found).rejects.toMatchObject({ code: 'not_neuronpedia', exitCode: 10 });
  });

  it('rejects a server whose limits are other JSON as not Neuronpedia', async () => {
    const found = discovered({ 'GET /api/upload/limits': { body: '{"hello":"world"}' } });
    await expect(found).rejects.toMatchObject({ code: 'not_neuronpedia' });
  });

  it('reports a bad key if either request gets a 401 in JSON', async () => {
    await expect(discovered({ 'GET /api/upload/limits': refused })).rejects.toMatchObject({ exitCode: 4 });
    await server.close();
    const second = discovered({ 'GET /api/upload/limits': page, 'POST /api/user/refresh': refused });
    await expect(second).rejects.toMatchObject({ exitCode: 4 });
  });

  it('retries while the server is busy or hangs up, and continues once it answers', async () => {
    const busy: Said[] = [{ status: 503, body: '{}' }, { hangUp: true }, { body: JSON.stringify(limits) }];
    server = await answerServer((request, nth) => (request.endsWith('refresh') ? user : (busy[nth] as Said)));
    const { server: found, close } = await connect({ url: server.url, key: 'k', userAgent: 'test', insecure: false });
    await close();
    expect(found.capabilities.kind).toBe('upload-protocol');
    expect(server.asked.map(({ request }) => request)).toEqual([
      ...Array(3).fill('GET /api/upload/limits'),
      'POST /api/user/refresh',
    ]);
  });

  it('does not follow redirects, which would leak the key', async () => {
    const other = await answerServer(() => user);
    const found = discovered({
      'GET /api/upload/limits': { status: 302, headers: { location: `${other.url}/x` } },
      'POST /api/user/refresh': { status: 302, headers: { location: other.url } },
    });
    await expect(found).rejects.toMatchObject({ exitCode: 10 });
    expect(other.asked).toEqual([]);
    await other.close();
  });
});

describe('a server address', () => {
  it('may be plain http only on this machine, unless insecure is set', () => {
    for (const url of ['http://localhost:3000', 'http://127.0.0.1:80', 'http://[::1]:1', 'https://example.org/sub']) {
      expect(parseServerUrl(url, false).origin).toBe(new URL(url).origin);
    }
    expect(() => parseServerUrl('http://example.org', false)).toThrow('plain http');
    expect(parseServerUrl('http://example.org', true).origin).toBe('http://example.org');
  });

  it('is rejected if it is no http or https URL, or contains a password', () => {
    for (const url of ['example.org', 'ftp://example.org', ''])
      expect(() => parseServerUrl(url, false)).toThrow('is not the address');
    expect(() => parseServerUrl('https://u:p@example.org', false)).toThrow('user name or password');
  });
});
