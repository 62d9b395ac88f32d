import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openServer } from '../../src/api/open-server.ts';
import { type SteerRequest, steer, uploadVector } from '../../src/index.ts';
import { openBench, place } from './bench.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a script passes may be of any type
type Anything = any;

/** A sandbox with one vector, and a request to steer with it. */
async function openSteering() {
  const bench = await openBench();
  const values = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
  const end = await uploadVector(values, { ...bench.run, ...place, name: 'x' });
  const [modelId = '', layer = '', index] = (end?.id ?? '').split('/');
  const features = [{ modelId, layer, index: Number(index), strength: 5 }];
  const request: SteerRequest = { modelId, features, prompt: 'And the king' };
  return { ...bench, http: bench.connection.http, request };
}

it('needs no more than a prompt and directions, and then asks as the command line does', async () => {
  const { http, request } = await openSteering();
  const full = { ...request, temperature: 0.5, tokens: 48, seed: 16, multiplier: 1 };
  const [answer, same] = [await steer(http, request), await steer(http, full, { stream: false })];
  expect(answer.plain).not.toBe('');
  expect([same.plain, same.steered]).toEqual([answer.plain, answer.steered]);
});

it('ends with the reason of a signal that fires before or while the texts come, and with what onProgress throws', async () => {
  const { http, request } = await openSteering();
  const reason = new Error('enough');
  await expect(steer(http, request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const stop = new AbortController();
  const onProgress = () => stop.abort(reason);
  await expect(steer(http, request, { signal: stop.signal, onProgress })).rejects.toBe(reason);
  const broken = new Error('the page is gone');
  const throws = () => {
    throw broken;
  };
  // The sandbox answers a request that it knows already without a stream.
  const other = (prompt: string) => ({ ...request, prompt });
  await expect(steer(http, other('a'), { onProgress: throws })).rejects.toBe(broken);
  await expect(steer(http, other('b'), { onProgress: async () => throws() })).rejects.toBe(broken);
});

it('ends with the reason of a signal while the server says nothing', async () => {
  const { request } = await openSteering();
  const stop = new AbortController();
  const reason = new Error('enough');
  const silent = createServer(() => stop.abort(reason));
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  onTestFinished(() => silent.closeAllConnections());
  onTestFinished(() => void silent.close());
  const http = openServer({ url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, key: undefined });
  onTestFinished(() => http.close());
  await expect(steer(http, request, { signal: stop.signal })).rejects.toBe(reason);
});

it('every wrong part of a request is refused by its name', async () => {
  const { http, request, connection } = await openSteering();
  const [feature] = request.features;
  const wrong: Record<string, readonly unknown[]> = {
    prompt: ['', 5, 'x'.repeat(2049)],
    tokens: [0, 257, Number.NaN, '5'],
    temperature: [Number.NaN, -1, 3],
    multiplier: [21],
    method: ['ADD'],
    chat: [true, {}],
    features: [[{ ...feature, index: '7' }], [{ ...feature, strength: 301 }], [{}], 'x'],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const refused = steer(http, { ...request, [name]: value } as Anything);
      const message = expect.stringMatching(new RegExp(`^${name}.*: expected `));
      await expect(refused, name).rejects.toMatchObject({ code: 'usage', message });
    }
  }
  for (const other of [connection, connection.server, undefined] as Anything[])
    await expect(steer(other, request)).rejects.toMatchObject({ code: 'usage' });
  await expect(steer(http, request, { signal: {} } as Anything)).rejects.toMatchObject({ code: 'usage' });
});
