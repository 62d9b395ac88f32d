import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { openBody, readWhole, type Transfer } from '../../src/api/transfer.ts';

interface Talk {
  readonly pool: Pool;
  readonly transfer: Transfer;
  /** The responses to the requests that have arrived. */
  readonly came: readonly ServerResponse[];
}

async function talkingTo(answer: (response: ServerResponse) => void, more: Partial<Transfer> = {}): Promise<Talk> {
  const came: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume();
    came.push(response);
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const pool = new Pool(origin);
  onTestFinished(async () => {
    await pool.destroy();
    server.closeAllConnections();
    server.close();
  });
  const options = { origin, path: '/', method: 'POST', body: 'x' } as const;
  return { pool, came, transfer: { options, signal: undefined, timeoutMs: 60_000, ...more } };
}

const never = () => undefined;

test('a body is delivered piece by piece, with its final head', async () => {
  const { pool, transfer } = await talkingTo((response) => {
    response.writeProcessing();
    response.writeHead(201, { 'x-kind': 'a' });
    response.write('one ');
    setImmediate(() => response.end('two'));
  });
  const pieces: Uint8Array[] = [];
  const head = await readWhole(pool, transfer, (piece) => pieces.push(piece));
  expect(head).toMatchObject({ status: 201, headers: { 'x-kind': 'a' } });
  expect(Buffer.concat(pieces).toString()).toBe('one two');
});

test('a signal that is already aborted lets no request out', async () => {
  const { pool, came, transfer } = await talkingTo(never, { signal: AbortSignal.abort(new Error('over')) });
  await expect(readWhole(pool, transfer, never)).rejects.toThrow('over');
  await expect(openBody(pool, transfer)).rejects.toThrow('over');
  const later = readWhole(pool, { ...transfer, signal: undefined, timeoutMs: 50 }, never);
  await expect(later).rejects.toThrow('too long');
  expect(came).toHaveLength(1);
});

test('a request that is aborted while it waits for a connection is never sent', async () => {
  const held: ServerResponse[] = [];
  const { came, transfer } = await talkingTo((response) => held.push(response));
  const pool = new Pool(transfer.options.origin as string, { connections: 1 });
  onTestFinished(() => pool.destroy());
  const end = new AbortController();
  const first = readWhole(pool, transfer, never);
  const second = readWhole(pool, { ...transfer, signal: end.signal }, never);
  const third = readWhole(pool, transfer, never);
  end.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
  held[0]?.end();
  await first;
  while (held.length === 1) await new Promise((resolve) => setImmediate(resolve));
  held[1]?.end();
  await third;
  expect(came).toHaveLength(2);
});

test('an abort before the head closes the connection', async () => {
  const end = new AbortController();
  const { pool, came, transfer } = await talkingTo(() => end.abort(new Error('enough')), { signal: end.signal });
  await expect(readWhole(pool, transfer, never)).rejects.toThrow('enough');
  const [response] = came;
  if (!response?.closed) await new Promise((resolve) => response?.on('close', resolve));
});

test('an abort during the body closes the connection', async () => {
  const end = new AbortController();
  const { pool, came, transfer } = await talkingTo((response) => response.write('begun'), { signal: end.signal });
  const whole = readWhole(pool, transfer, () => end.abort(new Error('enough')));
  await expect(whole).rejects.toThrow('enough');
  const [response] = came;
  if (!response?.closed) await new Promise((resolve) => response?.on('close', resolve));
});

test('many requests at once share one signal without a warning', async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  onTestFinished(() => void process.off('warning', warn));
  const { pool, transfer } = await talkingTo((response) => response.end(), { signal: new AbortController().signal });
  await Promise.all(Array.from({ length: 40 }, () => readWhole(pool, transfer, never)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
});

test('an answer that never comes is given up', async () => {
  const { pool, transfer } = await talkingTo(never, { timeoutMs: 50 });
  await expect(readWhole(pool, transfer, never)).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('an unread body is not buffered, and a discarded one closes its connection', async () => {
  const size = 64 << 20;
  const { pool, came, transfer } = await talkingTo((response) => response.end(Buffer.alloc(size)));
  const { body } = await openBody(pool, transfer);
  // Enough turns to receive all of it if it were buffered: each brings a piece.
  for (let turn = 0; turn < 2_000; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(body.readableLength).toBeLessThan(1 << 20);
  let length = 0;
  for await (const piece of body) length += (piece as Uint8Array).length;
  expect(length).toBe(size);
  const { body: other } = await openBody(pool, transfer);
  other.destroy();
  const { socket } = came[1] as ServerResponse;
  if (!socket?.destroyed) await new Promise((resolve) => socket?.on('close', resolve));
});
