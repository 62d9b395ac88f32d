import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect } from 'vitest';
import { makeCertificate } from '../api/certificate.ts';
import { startForwardProxy, startTlsFront } from '../api/forward-proxy.ts';
import { tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { documentsOf } from './run-cli.ts';
import { queryStore, type RunningSandbox } from './sandbox-process.ts';

const authority = makeCertificate();
const password = 'me:canary%40proxy';

/** Opens `https://neuronpedia.test`, which can only be reached through a proxy that asks for a password. */
async function openNetwork(home: Home, server: RunningSandbox) {
  const certificate = makeCertificate({ hosts: ['neuronpedia.test'], issuer: authority });
  const front = home.own(await startTlsFront(server.url, certificate));
  const hosts = { 'neuronpedia.test:443': front.port, 'other.test:443': front.port };
  const proxy = home.own(await startForwardProxy({ hosts, password: decodeURIComponent(password) }));
  const env = {
    HTTPS_PROXY: `http://${password}@127.0.0.1:${proxy.port}`,
    NODE_EXTRA_CA_CERTS: home.file('authority.pem', authority.cert),
  };
  return { proxy, env };
}

describe.concurrent('behind a proxy', () => {
  test('uploads through CONNECT tunnels, and names the proxy with --verbose', async ({ home, server }) => {
    const { proxy, env } = await openNetwork(home, server);
    const words = ['upload-sae', tinySae, '--sae-id', 'proxied', '--verbose'];
    const ran = await home.runAt('https://neuronpedia.test', words, { env });
    expect(ran).toMatchObject({ code: 0, stdout: 'https://neuronpedia.test/tiny-kjv-4l/1-proxied\n' });
    expect(ran.stderr).toContain(`is reached through the proxy http://127.0.0.1:${proxy.port} (HTTPS_PROXY)`);
    expect(ran.stderr).not.toContain('canary');
    expect(new Set(proxy.asked.map(({ method, target }) => `${method} ${target}`))).toEqual(
      new Set(['CONNECT neuronpedia.test:443']),
    );
    const sql = "SELECT count(*) AS n FROM features WHERE source = '1-proxied' AND vector IS NOT NULL";
    expect(queryStore(server.data, sql)).toEqual([{ n: 512 }]);
  });

  test('rejects a certificate from an unknown authority or for another host', async ({ home, server }) => {
    const { env } = await openNetwork(home, server);
    const { HTTPS_PROXY } = env;
    const unknown = await home.runAt('https://neuronpedia.test', ['status'], { env: { HTTPS_PROXY } });
    expect(unknown.code).toBe(5);
    expect(unknown.stderr).toMatch(/signed by an authority that is not known here.*\n.*NODE_EXTRA_CA_CERTS=/);
    const other = await home.runAt('https://other.test', ['status'], { env });
    expect(other.code).toBe(5);
    expect(other.stderr).toMatch(/its certificate is for another host/);
    expect(unknown.stderr + other.stderr).not.toContain('canary');
  });

  test('exits with 2 if a variable names an unsupported kind of proxy, but not with --sandbox', async ({ home }) => {
    const env = { https_proxy: 'socks5://me:canary@proxy', http_proxy: 'socks5://me:canary@proxy' };
    const ran = await home.run(['status'], { env: { ...env, NEURONPEDIA_API_KEY: 'key-of-ten' } });
    expect(ran.code).toBe(2);
    expect(ran.stdout).toMatch(/https_proxy is "socks5:\/\/…@proxy", which is no http or https proxy/);
    expect((await home.run(['status', '--sandbox'], { env })).code).toBe(0);
  });
});

test('login stores a key for an IPv6 address, and status uses it', async ({ home, server }) => {
  const { port } = new URL(server.url);
  const relay = createServer((socket) => socket.pipe(connect(Number(port), '127.0.0.1')).pipe(socket));
  await once(relay.listen(0, '::1'), 'listening');
  const url = `http://[::1]:${(relay.address() as AddressInfo).port}`;
  const login = await home.run(['login', '--with-token', '--api-url', url], { stdin: 'sandbox-research' });
  const status = await home.run(['status', '--json', '--api-url', `${url}/`], {
    env: { http_proxy: 'http://127.0.0.1:1' },
  });
  relay.close();
  expect([login.code, documentsOf(status)[0].account.name]).toEqual([0, 'research']);
});
