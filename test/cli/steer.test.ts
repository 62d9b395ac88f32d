import { describe, expect } from 'vitest';
import { parseDirections } from '../../src/cli/steer-input.ts';
import { expectFailure, hintsOf } from './failures.ts';
import { fixture } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { documentsOf, type Json } from './run-cli.ts';
import { queryStore } from './sandbox-process.ts';
import { serve } from './web-server.ts';

const vector = ['upload-vector', fixture('vectors/random-768-f32.npy'), '--model', 'gpt2-small', '--layer', '6'];
const nobody = { NEURONPEDIA_API_KEY: '' };

async function withVectors(home: Home) {
  const server = await home.sandbox({ args: ['--public'] });
  const urls: string[] = [];
  for (const [name, strength] of [
    ['one', '7'],
    ['two', '20'],
  ] as const) {
    const ran = await home.runAt(server.url, [...vector, '--name', name, '--strength', strength]);
    urls.push(ran.stdout.trim());
  }
  const steer = async (args: readonly string[], stdin?: string) => {
    const ran = await home.runAt(server.url, ['steer', ...args], {
      env: nobody,
      ...(stdin !== undefined && { stdin }),
    });
    return { ...ran, document: args.includes('--json') ? documentsOf(ran)[0] : undefined };
  };
  return { server, urls: urls as [string, string], steer };
}

/** Returns the server's answer to a request made without the tool. */
async function asked(url: string, path: string, body: object): Promise<Json> {
  const response = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
  return response.json();
}

describe.concurrent('steer', () => {
  test('shows the default and steered completions with the stored strengths, without a key', async ({ home }) => {
    const { server, urls, steer } = await withVectors(home);
    const plain = await steer([...urls, '--prompt', 'I think']);
    expect(plain.code).toBe(0);
    const [, normal, steered] = /^default\n(.*)\n\nsteered\n(.*)\n$/.exec(plain.stdout) ?? [];
    const [first, second] = urls.map((url) => Number(url.split('/').at(-1)));
    const at = { modelId: 'gpt2-small', layer: '6-neuronpedia-resid-post' };
    const features = [
      { ...at, index: first, strength: 7 },
      { ...at, index: second, strength: 20 },
    ];
    const settings = { modelId: 'gpt2-small', temperature: 0.5, n_tokens: 48, seed: 16, strength_multiplier: 1 };
    const said = await asked(server.url, '/api/steer', { ...settings, features, prompt: 'I think' });
    expect([normal, steered]).toEqual([said.DEFAULT, said.STEERED]);
    // The test's own request was answered with the completions kept from the command, so it was the same request.
    expect(queryStore(server.data, 'SELECT count(*) AS n FROM completions')).toMatchObject([{ n: 2 }]);

    const { document, code } = await steer([...urls, '--prompt', 'I think', '--json']);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      ...{ v: 1, type: 'steer', status: 'done', model: 'gpt2-small', prompt: 'I think' },
      ...{ default: said.DEFAULT, steered: said.STEERED, id: said.id, shareUrl: said.shareUrl },
      features: [
        { url: urls[0], label: 'one', strength: 7, strengthFrom: 'stored' },
        { url: urls[1], label: 'two', strength: 20, strengthFrom: 'stored' },
      ],
      settings: { tokens: 48, temperature: 0.5, seed: 16, multiplier: 1, chat: false },
    });
  });

  test('accepts strengths, settings, a chat and a prompt on standard input', async ({ home }) => {
    const { server, urls, steer } = await withVectors(home);
    const [one, two] = urls;
    const more = ['--tokens', '9', '--temperature', '0', '--seed', '-3', '--multiplier', '2.5', '--no-stream'];
    const method = ['--method', 'ORTHOGONAL_DECOMP', '--chat', '--no-special-tokens'];
    const words = [`${one}@-4.5`, two, '--strength', '30', '--prompt', '-', ...more, ...method, '--json'];
    const { document } = await steer(words, 'two\nlines\n');
    const features = [one, two].map((url, i) => ({
      ...{ modelId: 'gpt2-small', layer: '6-neuronpedia-resid-post', index: Number(url.split('/').at(-1)) },
      strength: i === 0 ? -4.5 : 30,
    }));
    const messages = [{ role: 'user', content: 'two\nlines' }];
    const numbers = { temperature: 0, n_tokens: 9, seed: -3, strength_multiplier: 2.5 };
    const said = await asked(server.url, '/api/steer-chat', {
      ...{ defaultChatMessages: messages, steeredChatMessages: messages, modelId: 'gpt2-small', features },
      ...{ ...numbers, steer_special_tokens: false, steer_method: 'ORTHOGONAL_DECOMP' },
    });
    expect(queryStore(server.data, 'SELECT count(*) AS n FROM completions')).toMatchObject([{ n: 2 }]);
    expect(document).toMatchObject({
      ...{ prompt: 'two\nlines', default: said.DEFAULT.chatTemplate[1].content, id: said.id },
      steered: said.STEERED.chatTemplate[1].content,
      features: [{ strengthFrom: 'id' }, { strengthFrom: 'option' }],
      settings: { chat: true, specialTokens: false, method: 'ORTHOGONAL_DECOMP' },
    });
  });

  test('names a feature that the server does not have, and one that cannot be mixed with vectors', async ({ home }) => {
    const { server, urls, steer } = await withVectors(home);
    const missing = await steer([urls[0], 'gpt2-small/6-none/3', '--prompt', 'x']);
    expectFailure(missing, 6);
    expect(missing.stderr).toMatch(/no feature gpt2-small\/6-none\/3/);
    const set = { modelId: 'gpt2-small', name: 'mine' };
    await server.post('/api/source-set/new', set);
    const features = [{ index: 3, activations: [{ tokens: ['a'], values: [1] }] }];
    await server.post('/api/feature/upload-batch', { modelId: 'gpt2-small', source: '6-mine', features });
    const mixed = await steer([urls[0], 'gpt2-small/6-mine/3', '--prompt', 'x']);
    expectFailure(mixed, 6);
    expect(hintsOf(mixed).join()).toMatch(/without one: gpt2-small\/6-mine\/3/);
    expect(queryStore(server.data, 'SELECT count(*) AS n FROM completions')).toMatchObject([{ n: 0 }]);
  });

  const wrong: [string, string[], RegExp][] = [
    ['two models', ['a/1-x/1', 'b/1-x/1'], /2 models: a, b/],
    ['one direction twice', ['a/1-x/1', 'https://host/a/1-x/1@3'], /twice/],
    ['a strength out of range', ['a/1-x/1@301'], /-300 to 300/],
    ['a strength that is not a number', ['a/1-x/1@strong'], /-300 to 300/],
    ['a malformed id', ['a/1-x'], /not the id/],
  ];
  for (const [what, words, said] of wrong) {
    test(`rejects ${what}`, () => {
      expect(() => parseDirections(words)).toThrow(said);
    });
  }

  test('reads a strength after an id and after a URL', () => {
    const typed = parseDirections(['a/1-x/1@-2.5', 'https://me@host:3000/a/1-x/2@+40', 'https://me@host/a/1-x/3']);
    expect(typed.map(({ index, strength }) => [index, strength])).toEqual([
      ['1', -2.5],
      ['2', 40],
      ['3', undefined],
    ]);
  });

  test('exits with 2 for a prompt that is too long, before it contacts the server', async ({ home }) => {
    const ran = await home.runAt('http://127.0.0.1:9', ['steer', 'a/1-x/1', '--prompt', 'x'.repeat(2049)]);
    expectFailure(ran, 2);
    expect(ran.stderr).toMatch(/2048 characters/);
  });

  test('says that the server does not run the model, if steering fails for that reason', async ({ home }) => {
    const feature = { modelId: 'm', layer: '1-x', index: '1', hasVector: true, model: { inferenceEnabled: false } };
    const server = home.own(
      await serve((request, response) => {
        const isRead = request.method === 'GET';
        const body = isRead ? feature : { message: 'Unknown Error' };
        response.writeHead(isRead ? 200 : 500, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      }),
    );
    const ran = await home.runAt(server.url, ['steer', 'm/1-x/1', '--prompt', 'x', '--json']);
    expect(documentsOf(ran)).toMatchObject([{ type: 'error', exitCode: 5, hint: expect.stringMatching(/not run m/) }]);
  });

  test('stops on one Ctrl-C, with a result marked as interrupted', async ({ home }) => {
    const feature = JSON.stringify({ modelId: 'm', layer: '1-x', index: '1', hasVector: true });
    let child: { kill(signal: NodeJS.Signals): boolean } | undefined;
    const server = home.own(
      await serve((request, response) => {
        if (request.method === 'GET')
          return response.writeHead(200, { 'content-type': 'application/json' }).end(feature);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        return response.write('data: {"STEERED":" s","DEFAULT":null}\n\n', () => child?.kill('SIGINT'));
      }),
    );
    const started = home.start(['steer', 'm/1-x/1', '--prompt', 'x', '--json', '--api-url', server.url]);
    child = started.child;
    const ran = await started.ran;
    expect(ran.code).toBe(130);
    expect(documentsOf(ran)).toMatchObject([{ type: 'steer', status: 'interrupted', prompt: 'x' }]);
  });
});
