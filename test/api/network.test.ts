import dns from 'node:dns';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect } from '../../src/api/connect.ts';
import { openHttp } from '../../src/api/http.ts';
import type { NoAnswer } from '../../src/api/no-answer.ts';
import { openServer } from '../../src/api/open-server.ts';
import { steer } from '../../src/api/steer.ts';
import type { Completions } from '../../src/api/steer-request.ts';
import { uploadVector } from '../../src/library/upload-vector.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { makeCertificate } from './certificate.ts';
import { type ForwardProxy, type ForwardProxyOptions, startForwardProxy, startTlsFront } from './forward-proxy.ts';

let sandbox: Sandbox;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'np-network-'));
  sandbox = await startSandbox({ dataDir: folder });
});

afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a proxy that knows `neuronpedia.test`, and closes it when the test ends. */
async function openProxy(options: Partial<ForwardProxyOptions> = {}): Promise<ForwardProxy> {
  const hosts = { 'neuronpedia.test:80': Number(new URL(sandbox.url).port) };
  const proxy = await startForwardProxy({ hosts, ...options });
  onTestFinished(() => proxy.close());
  return proxy;
}

function open(url: string, env: Record<string, string>, lines: string[] = []) {
  const onExchange = (line: string) => lines.push(line);
  return connect({ url, key: sandbox.apiKey, userAgent: 'test', insecure: true, env, onExchange });
}

/**
 * Returns the message and the hints with which a request fails. Checks whether it may have been `sent`, and that no
 * password is shown.
 */
async function failure(url: string, env: Record<string, string> = {}, sent = false): Promise<string[]> {
  const http = openServer({ url, key: sandbox.apiKey, userAgent: 'test', insecure: true, env });
  onTestFinished(() => http.close());
  const error = await http.request({ method: 'GET', path: '/' }).then(
    () => expect.fail('it did not fail'),
    (thrown: NoAnswer) => thrown,
  );
  expect(error.sent).toBe(sent);
  const all = [error.message, ...error.hints];
  expect(all.join()).not.toContain('secret');
  return all;
}

describe('behind a proxy', () => {
  it('sends the proxy whole URLs for an http server, and logs no password', async () => {
    const proxy = await openProxy({ password: 'me:secret' });
    const lines: string[] = [];
    const env = { http_proxy: `http://me:secret@127.0.0.1:${proxy.port}` };
    const connection = await open('http://neuronpedia.test', env, lines);
    const { url, apiKey } = sandbox;
    const direct = await connect({ url, key: apiKey, userAgent: 'test', insecure: false });
    expect(connection.server.account).toEqual(direct.server.account);
    const made = await connection.server.createModel('tiny-proxied', 4);
    expect(made.layers).toBe(4);
    const seen: Completions[] = [];
    const place = { model: 'tiny-kjv-4l', layer: 1, name: 'proxied', stateDir: join(folder, 'state') };
    const vector = await uploadVector(new Float32Array(64).fill(0.125), { server: connection.server, ...place });
    const [modelId = '', layer = '', index] = vector?.id?.split('/') ?? [];
    const features = [{ modelId, layer, index: Number(index), strength: 10 }];
    const request = { modelId, features, prompt: 'And', chat: undefined, method: undefined };
    const numbers = { temperature: 0.5, tokens: 16, seed: 16, multiplier: 1 };
    const { signal } = new AbortController();
    const onProgress = (completions: Completions) => void seen.push(completions);
    const answer = await steer(connection.http, { ...request, ...numbers }, { stream: true, signal, onProgress });
    expect(answer).toMatchObject({ whole: true, ...seen.at(-1) });
    // The texts arrived in parts.
    expect(new Set(seen.map(({ plain }) => plain)).size).toBeGreaterThan(2);
    expect(proxy.asked.every(({ target }) => target.startsWith('http://neuronpedia.test/api/'))).toBe(true);
    expect(proxy.asked.map(({ target }) => new URL(target).pathname)).toContain('/api/steer');
    expect(lines[0]).toBe(
      `http://neuronpedia.test is reached through the proxy http://127.0.0.1:${proxy.port} (http_proxy)`,
    );
    expect(lines.join()).not.toContain('secret');
    await connection.close();
    await direct.close();
  });

  it('connects directly to this machine and to hosts in NO_PROXY', async () => {
    const proxy = await openProxy();
    const named = `http://127.0.0.1:${proxy.port}`;
    const env = { http_proxy: named, https_proxy: named };
    await (await open(sandbox.url, env)).close();
    const [message, ...hints] = await failure('http://nowhere.invalid', { ...env, NO_PROXY: '.invalid' });
    expect(message).toMatch(/^http:\/\/nowhere\.invalid: (no such host|its name cannot be looked up)/);
    expect(hints.join()).toMatch(/--api-url.*HTTPS_PROXY/);
    expect(proxy.asked).toEqual([]);
  });

  for (const protocol of ['http', 'https'] as const) {
    it(`fails at once without the right proxy password (${protocol})`, async () => {
      const proxy = await openProxy({ password: 'me:secret', hosts: { 'neuronpedia.test:443': 1 } });
      const variable = `${protocol}_proxy`;
      const at = `127.0.0.1:${proxy.port}`;
      const none = await failure(`${protocol}://neuronpedia.test`, { [variable]: `http://${at}` });
      expect(none).toEqual([
        `${protocol}://neuronpedia.test: the proxy http://${at} (${variable}) asks for a user name (407)`,
        `write them into ${variable}: http://USER:PASSWORD@${at}`,
      ]);
      const wrong = await failure(`${protocol}://neuronpedia.test`, { [variable]: `http://me:secretly@${at}` });
      expect(wrong[0]).toContain('does not take the user name and password given (407)');
      const whole = open(`${protocol}://neuronpedia.test`, { [variable]: `http://${at}` });
      await expect(whole).rejects.toMatchObject({ exitCode: 5, message: none[0], hints: none.slice(1) });
      expect(proxy.asked).toHaveLength(3);
    });

    it(`names an unreachable proxy and the variable that sets it (${protocol})`, async () => {
      const env = { [`${protocol.toUpperCase()}_PROXY`]: 'http://me:secret@127.0.0.1:1' };
      const [message, hint] = await failure(`${protocol}://neuronpedia.test`, env);
      const variable = `${protocol.toUpperCase()}_PROXY`;
      expect(message).toContain(`the proxy http://127.0.0.1:1 (${variable}) refuses connections`);
      expect(hint).toBe(`check ${variable}; to bypass the proxy, set NO_PROXY=neuronpedia.test`);
    });
  }

  it('reports the status of a proxy that cannot reach the server', async () => {
    const proxy = await openProxy();
    const [message] = await failure('https://other.test', { https_proxy: `http://127.0.0.1:${proxy.port}` });
    expect(message).toContain('(https_proxy) does not connect to other.test (status 502)');
    expect(proxy.asked.map(({ target }) => target)).toEqual(['other.test:443']);
  });

  it('gives up on a proxy that never answers, knowing that nothing was sent', async () => {
    const { port } = await openProxy({ silent: true });
    const proxy = { url: new URL(`http://127.0.0.1:${port}`), variable: 'https_proxy' };
    const more = { basePath: '', key: undefined, userAgent: 'test', connectTimeoutMs: 200 };
    const http = openHttp({ origin: 'https://neuronpedia.test', proxy, ...more });
    const asked = http.request({ method: 'GET', path: '/' });
    await expect(asked).rejects.toMatchObject({ sent: false, message: expect.stringContaining('stopped answering') });
    await http.close();
  });

  it('reports that the certificate of the proxy itself is not trusted', async () => {
    const { port } = await openProxy({ certificate: makeCertificate({ hosts: ['localhost'] }) });
    const [message, hint] = await failure('https://neuronpedia.test', { https_proxy: `https://localhost:${port}` });
    expect(message).toMatch(/the proxy https:\/\/localhost:\d+ \(https_proxy\) its certificate is signed by/);
    expect(hint).toContain('NODE_EXTRA_CA_CERTS=');
  });
});

describe('a server', () => {
  it('with a certificate from an unknown authority is sent nothing, with a hint to trust it', async () => {
    const authority = makeCertificate();
    const front = await startTlsFront(sandbox.url, makeCertificate({ hosts: ['localhost'], issuer: authority }));
    onTestFinished(() => front.close());
    const [message, hint] = await failure(`https://localhost:${front.port}`);
    expect(message).toMatch(/signed by an authority that is not known here \(UNABLE_TO_/);
    expect(hint).toContain('NODE_EXTRA_CA_CERTS=authority.pem');
  });

  it('that does not speak TLS is reported as such', async () => {
    // `sent` is true because the same error can also occur on a connection in use, after something was sent.
    const [message, hint] = await failure(sandbox.url.replace('http:', 'https:'), {}, true);
    expect(message).toContain('does not speak TLS');
    expect(hint).toContain('http://');
  });

  it('is reached by its IPv6 address', async () => {
    const port = Number(new URL(sandbox.url).port);
    const server = createServer((socket) => socket.pipe(connectSocket(port, '127.0.0.1')).pipe(socket));
    const own = await listen(server, '::1');
    const connection = await open(`http://[::1]:${own}`, { http_proxy: 'http://127.0.0.1:1' });
    expect(connection.server.capabilities.kind).toBe('upload-protocol');
    await connection.close();
  });

  it('whose name has several addresses is reached at the one that answers', async () => {
    const addresses = [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    answerLookups((callback) => callback(null, addresses));
    const { port } = new URL(sandbox.url);
    const connection = await open(`http://two-ways.test:${port}`, {});
    expect(connection.server.account.name).toBe('bulk');
    await connection.close();
  });

  it('whose name lookup never ends is given up in time, with its name in the error', async () => {
    answerLookups(() => undefined);
    const more = { proxy: undefined, basePath: '', key: undefined, userAgent: 'test', connectTimeoutMs: 200 };
    const http = openHttp({ origin: 'http://slow-name.test', ...more });
    const asked = http.request({ method: 'GET', path: '/' });
    await expect(asked).rejects.toMatchObject({
      sent: false,
      message: 'http://slow-name.test: does not take connections (timed out)',
    });
    await http.close();
  });
});

type Lookup = (error: null, addresses: { address: string; family: number }[]) => void;

/** Answers name lookups in place of the system until the test ends. */
function answerLookups(answer: (callback: Lookup) => void): void {
  const lookup = (_host: string, _options: unknown, callback: Lookup) => answer(callback);
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(lookup as never);
  onTestFinished(() => spy.mockRestore());
}

function listen(server: Server, host: string): Promise<number> {
  onTestFinished(() => void server.close());
  return new Promise((resolve, reject) => {
    server.on('error', reject).listen(0, host, () => resolve((server.address() as { port: number }).port));
  });
}
