import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod/mini';
import { discover } from '../../src/api/discover.ts';
import { fetchFeature } from '../../src/api/feature.ts';
import type { Http } from '../../src/api/http.ts';
import { manyOf } from '../../src/api/many-of.ts';
import { openServer } from '../../src/api/open-server.ts';
import { steer } from '../../src/api/steer.ts';
import { errorOf } from '../fixtures.ts';

/** Connects to a server that gives every request the same answer. */
async function talkingTo(answer: (response: ServerResponse) => void): Promise<Http> {
  const server = createServer((request, response) => {
    request.resume();
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = openServer({ url, key: 'k', userAgent: 'test', insecure: false });
  onTestFinished(async () => {
    await http.close();
    server.closeAllConnections();
    server.close();
  });
  return http;
}

/** Makes an answer that repeats the same text until the client hangs up. */
function endless(type: string, first: string, again: string): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(200, { 'content-type': type });
    response.write(first);
    const piece = again.repeat(Math.ceil((1 << 20) / again.length));
    const go = () => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once('drain', go);
    };
    go();
  };
}

const request = {
  ...{ modelId: 'm', features: [{ modelId: 'm', layer: '1-x', index: 0, strength: 1 }], prompt: 'a', chat: undefined },
  ...{ temperature: 1, tokens: 8, seed: 1, multiplier: 1, method: undefined },
};
const steering = (http: Http) =>
  steer(http, request, { stream: true, signal: new AbortController().signal, onProgress: () => undefined });

describe('an endless answer', () => {
  test.each([
    ['of JSON', 'application/json', '[', '{"index":0},'],
    ['of one string', 'application/json', '"', 'x'],
    ['of whitespace', 'text/html', '', ' \n'],
  ])('%s is abandoned as too large', async (_, type, first, again) => {
    const http = await talkingTo(endless(type, first, again));
    const error = await errorOf(discover(http));
    expect(error.exitCode).toBe(5);
    expect(error.message).toContain('larger than');
  });

  test.each([
    ['of one line', 'data: ', 'x'],
    ['of comments', '', ': still here\n\n'],
    ['of frames', '', 'data: {"STEERED":"a","DEFAULT":"b"}\n\n'],
    ['of the lines of one event', '', 'data: {\n'],
    ['of carriage returns', '', '\r'],
  ])('that is an event stream %s is abandoned', async (_, first, again) => {
    const http = await talkingTo(endless('text/event-stream', first, again));
    expect((await errorOf(steering(http))).exitCode).toBe(5);
  });
});

test('an answer with more values than fit in memory is not parsed', async () => {
  const http = await talkingTo((response) => response.writeHead(200).end('['.repeat((4 << 20) + 1)));
  expect((await errorOf(fetchFeature(http, { model: 'm', source: '1-x', index: '0' }))).message).toContain(
    'larger than',
  );
});

test('an array is checked only up to its first invalid element', () => {
  let looked = 0;
  const schema = manyOf(z.string().check(z.refine(() => ++looked > 0)));
  const found = schema.safeParse(['a', 'b', 3, ...Array(1000).fill('c')]);
  expect(found.error?.issues.map(({ path }) => path)).toEqual([[2]]);
  expect(looked).toBe(2);
});
