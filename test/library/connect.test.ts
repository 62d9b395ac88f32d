import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/index.ts';
import { openBench } from './bench.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a script passes may be of any type
type Anything = any;

/** Counts the requests that reach a server. */
async function countRequests() {
  let requests = 0;
  const server = createServer((_, answer) => {
    requests++;
    answer.writeHead(401).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests };
}

it('the address may be a URL object, and a key may have spaces, a line end or quotes around it', async () => {
  const { url, key, connection } = await openBench();
  for (const [as, written] of [
    [new URL(url), key],
    [url, `${key}\n`],
    [`${url}/`, ` ${key}\r\n`],
    [url, `"${key}"`],
  ] as const) {
    const { server, close } = await connect({ url: as, key: written });
    expect(server).toMatchObject({ name: url, account: connection.server.account });
    await close();
  }
});

it('a key that no header can hold is refused before anything is sent, without being shown', async () => {
  const { url, requests } = await countRequests();
  for (const key of ['two\nlines', 'two words', 'schlüssel', 'ключ', '', ' \n']) {
    const refused = connect({ url, key });
    await expect(refused, key).rejects.toMatchObject({ code: 'no_key', exitCode: 4 });
    const { message } = await refused.catch((error) => error);
    if (key.trim() !== '') expect(message).not.toContain(key);
  }
  expect(requests()).toBe(0);
});

it('every wrong option is refused by its name before anything is sent', async () => {
  const { url, requests } = await countRequests();
  const wrong: Record<string, readonly unknown[]> = {
    url: [undefined, null, 5, {}],
    key: [5, null, {}],
    signal: [{}, new AbortController()],
    env: ['x'],
    onExchange: ['x'],
    insecure: ['no'],
  };
  for (const [option, values] of Object.entries(wrong)) {
    for (const value of values) {
      const refused = connect({ url, key: 'k', [option]: value } as Anything);
      await expect(refused, option).rejects.toMatchObject({
        ...{ code: 'usage', message: expect.stringMatching(new RegExp(`^${option} is .*: expected `)) },
      });
    }
  }
  for (const nothing of [undefined, 5]) {
    await expect(connect(nothing as Anything)).rejects.toMatchObject({ code: 'usage' });
  }
  // What an object holds may be secret.
  const mixedUp = await connect({ url: { key: 'my-secret' }, key: 'k' } as Anything).catch((error) => error);
  expect(mixedUp.message).toMatch(/^url is an object with key: expected the address of a server/);
  expect(requests()).toBe(0);
});

it('a server that wants a key says so where none was given, and may not choose a coding for its answers', async () => {
  const codings: unknown[] = [];
  const server = createServer(({ headers }, answer) => {
    codings.push(headers['accept-encoding']);
    answer.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"who are you?"}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const [key, hint] of [
    [undefined, 'asks for a key, and none was given'],
    ['wrong', 'check that it is correct and whole'],
  ] as const) {
    await expect(connect({ url, key })).rejects.toMatchObject({
      code: 'authentication_failed',
      hints: expect.arrayContaining([expect.stringContaining(hint)]),
    });
  }
  expect(new Set(codings)).toEqual(new Set(['identity']));
});
