import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openServer } from '../../src/api/connect.ts';
import { discover } from '../../src/api/discover.ts';
import { fetchFeature } from '../../src/api/feature.ts';
import type { Http } from '../../src/api/http.ts';
import { steer } from '../../src/api/steer.ts';
import { errorOf } from '../fixtures.ts';

/** A connection to a server that answers everything in one way. */
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

/** Says the same again and again until nobody listens any more. */
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

describe('an answer without an end', () => {
  test.each([
    ['of JSON', 'application/json', '[', '{"index":0},'],
    ['of one text', 'application/json', '"', 'x'],
    ['of blanks', 'text/html', '', ' \n'],
  ])('%s is given up', async (_, type, first, again) => {
    const http = await talkingTo(endless(type, first, again));
    const error = await errorOf(discover(http));
    expect(error.exitCode).toBe(5);
    expect(error.message).toContain('larger than');
  });

  test.each([
    ['of one line', 'data: ', 'x'],
    ['of comments', '', ': still here\n\n'],
    ['of frames', '', 'data: {"STEERED":"a","DEFAULT":"b"}\n\n'],
    ['of lines of one event', '', 'data: {\n'],
    ['of carriage returns', '', '\r'],
  ])('%s as events is given up', async (_, first, again) => {
    const http = await talkingTo(endless('text/event-stream', first, again));
    expect((await errorOf(steering(http))).exitCode).toBe(5);
  });
});

describe('an answer as large as any that is read', () => {
  test.each([
    ['empty objects', '{},', '{}'],
    ['numbers', '1,', '1'],
    ['arrays', '[],', '[]'],
  ])('of %s costs no more than its size', async (_, again, last) => {
    const text = `[${again.repeat(Math.floor((60 << 20) / again.length))}${last}]`;
    const feature = `{"modelId":"m","layer":"1-x","index":"0","vector":${text},"activations":${text}}`;
    for (const body of [text, feature.slice(0, 1 << 26)]) {
      const http = await talkingTo((response) => response.writeHead(200).end(body));
      expect((await errorOf(fetchFeature(http, 'm', '1-x', '0'))).exitCode).toBeGreaterThan(1);
    }
  });
});
