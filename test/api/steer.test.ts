import { afterEach, describe, expect, it } from 'vitest';
import { openServer } from '../../src/api/open-server.ts';
import { steer } from '../../src/api/steer.ts';
import type { Completions, SteerRequest } from '../../src/api/steer-request.ts';
import type { AppError } from '../../src/errors.ts';
import { serve, serveAlways, type WebServer } from '../cli/web-server.ts';

type Answers = Parameters<typeof serve>[0];

const request: SteerRequest = {
  modelId: 'gpt2-small',
  features: [{ modelId: 'gpt2-small', layer: '6-neuronpedia-resid-post', index: 7, strength: 10 }],
  prompt: 'Hello',
  chat: undefined,
  temperature: 0.5,
  tokens: 16,
  seed: 16,
  multiplier: 1,
  method: undefined,
};

const json = { 'content-type': 'application/json' };
const events = { 'content-type': 'text/event-stream' };
const frame = (value: object) => `data: ${JSON.stringify(value)}\n\n`;

let open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
});

async function ask(server: WebServer, { stream = true, more = {}, key = undefined as string | undefined } = {}) {
  const options = { url: server.url, key, userAgent: 'test', insecure: false };
  const http = openServer(options);
  open.push(http, server);
  const seen: Completions[] = [];
  const signal = new AbortController().signal;
  const answer = steer(http, { ...request, ...more }, { stream, signal, onProgress: (now) => seen.push(now) });
  return { seen, answer: await answer.catch((error: AppError) => error) };
}

const answering = async (answers: Answers) => ask(await serve(answers));
const streaming = (...pieces: string[]) =>
  answering(async (_request, response) => {
    response.writeHead(200, events);
    for (const piece of pieces) {
      response.write(piece);
      await new Promise(setImmediate);
    }
    response.end();
  });

describe('a stream', () => {
  it('gives both completions, whichever comes first, and ignores unknown fields and events', async () => {
    const { seen, answer } = await streaming(
      ': keep-alive\r\n\r\n',
      'event: frame\r\ndata: {"DEFAULT":" d","extra":{"x":1}}\r\n\r\n',
      frame({ STEERED: ' s', DEFAULT: null, id: null }),
      frame({ STEERED: ' s two', DEFAULT: ' d', limit: '12' }),
      'data: [DONE]\n\n',
      frame({ STEERED: ' s two', DEFAULT: ' d two', id: 'abc', shareUrl: 'https://host/steer/abc', limit: '12' }),
    );
    expect(seen.slice(0, 2)).toEqual([
      { plain: ' d', steered: null },
      { plain: ' d', steered: ' s' },
    ]);
    const share = { id: 'abc', shareUrl: 'https://host/steer/abc', remaining: 12, whole: true };
    expect(answer).toEqual({ plain: ' d two', steered: ' s two', ...share });
  });

  it('of a chat gives only the reply of the model, not the conversation', async () => {
    const said = (content: string) => ({
      raw: `<turn>Hello<turn>${content}`,
      chatTemplate: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content },
      ],
    });
    const server = await serve((_request, response) => {
      response.writeHead(200, events).end(frame({ STEERED: said('s'), DEFAULT: said('d'), id: 'a' }));
    });
    const { answer } = await ask(server, { more: { chat: { specialTokens: false } } });
    expect(answer).toMatchObject({ plain: 'd', steered: 's' });
    const [{ path, body } = { path: '', body: '{}' }] = server.seen;
    expect(path).toBe('/api/steer-chat');
    const messages = [{ role: 'user', content: 'Hello' }];
    const sent = { defaultChatMessages: messages, steeredChatMessages: messages, steer_special_tokens: false };
    expect(JSON.parse(body)).toMatchObject({ ...sent, stream: true, n_tokens: 16, strength_multiplier: 1 });
  });

  it('that ends with only one completion is an error that keeps it', async () => {
    const { answer } = await streaming(frame({ STEERED: ' s', DEFAULT: null }));
    expect(answer).toMatchObject({ code: 'server_failing', exitCode: 5, details: { steered: ' s', default: null } });
    expect((answer as AppError).message).toMatch(/without the default completion/);
  });

  it('that is cut off is an error that keeps what had arrived', async () => {
    const { answer } = await answering((_request, response) => {
      response.writeHead(200, events).write(frame({ STEERED: ' s', DEFAULT: ' d' }), () => response.destroy());
    });
    expect(answer).toMatchObject({ code: 'server_failing', details: { steered: ' s', default: ' d' } });
  });

  it('that contains an error fails with it', async () => {
    const { answer } = await streaming(frame({ STEERED: ' s' }), frame({ error: 'out of memory' }));
    expect(answer).toMatchObject({ code: 'server_failing' });
    expect((answer as AppError).message).toMatch(/out of memory/);
  });

  it('that ends without an id is not considered whole', async () => {
    const { answer } = await streaming(frame({ STEERED: ' s', DEFAULT: ' d' }));
    expect(answer).toMatchObject({ plain: ' d', steered: ' s', whole: false });
  });
});

describe('a server that does not stream', () => {
  it('may answer with JSON at once', async () => {
    const body = JSON.stringify({ STEERED: 's', DEFAULT: 'd', id: 'a', limit: null });
    const { answer } = await ask(await serveAlways(200, 'application/json', body, { 'x-limit-remaining': '7' }));
    expect(answer).toMatchObject({ plain: 'd', steered: 's', remaining: 7, whole: true });
  });

  it('and hangs up is asked once more without streaming, to learn why', async () => {
    const server = await serve((_request, response, body) => {
      if (JSON.parse(body.toString()).stream) return response.destroy();
      return response.writeHead(400, json).end('{"message":"prompt is 9999 tokens, over the limit"}');
    });
    const { answer } = await ask(server);
    expect(answer).toMatchObject({ code: 'refused', exitCode: 10 });
    expect((answer as AppError).message).toMatch(/9999 tokens/);
    expect(server.seen).toHaveLength(2);
  });

  it('and keeps hanging up is not asked a third time', async () => {
    const server = await serve((_request, response) => response.destroy());
    expect((await ask(server)).answer).toMatchObject({ code: 'unreachable', exitCode: 5 });
    expect(server.seen).toHaveLength(2);
  });
});

const limit = '{"endpoint":"/api/steer","limitPerWindow":240,"requestWindow":"60 m","remainingRequests":0,"error":"x"}';
const bad: [string, number, string, string, Record<string, string>, string, RegExp][] = [
  ['an hourly limit', 429, 'application/json', limit, {}, 'paused', /240 requests in 60 m/],
  ['a limit with its end time', 429, 'application/json', '{}', { 'retry-after': '30' }, 'paused', /limit is reached/],
  ['a server error', 500, 'application/json', '{"message":"Unknown Error"}', {}, 'server_failing', /Unknown Error/],
  ['a gateway error', 503, 'text/html', '<html>busy</html>', {}, 'server_failing', /503 with a web page/],
  ['a refusal', 400, 'application/json', '{"message":"seed is a required field"}', {}, 'refused', /seed is/],
  ['a web page', 200, 'text/html', '<html>hello</html>', {}, 'not_neuronpedia', /web page/],
  ['a missing path', 404, 'text/html', '<html>404</html>', {}, 'refused', /does not support steering/],
  ['unexpected JSON', 200, 'application/json', '{"STEERED":7}', {}, 'not_neuronpedia', /STEERED/],
  ['JSON without a completion', 200, 'application/json', '{}', {}, 'server_failing', /default and the steered/],
];

describe('an unusable answer', () => {
  for (const [what, status, type, body, headers, code, said] of bad) {
    it(`such as ${what} is reported as ${code} and not retried`, async () => {
      const server = await serveAlways(status, type, body, headers);
      const { answer } = await ask(server);
      expect(answer).toMatchObject({ code });
      expect((answer as AppError).message).toMatch(said);
      expect(server.seen).toHaveLength(1);
    });
  }

  it('such as a redirect is not followed, so that the key does not leak', async () => {
    const other = await serveAlways(200, 'application/json', '{}');
    open.push(other);
    const server = await serveAlways(307, 'text/plain', '', { location: `${other.url}/api/steer` });
    const { answer } = await ask(server, { key: 'np-secret-key' });
    expect(answer).toMatchObject({ code: 'refused' });
    expect((answer as AppError).hints.join()).toContain(other.url);
    expect(server.seen[0]?.key).toBe('np-secret-key');
    expect(other.seen).toEqual([]);
  });

  it('such as none at all is reported as unreachable, not as a busy model', async () => {
    const server = await serveAlways(200, 'text/plain', '');
    await server.close();
    expect((await ask(server)).answer).toMatchObject({
      code: 'unreachable',
      hints: [expect.stringMatching(/api-url/)],
    });
  });
});
