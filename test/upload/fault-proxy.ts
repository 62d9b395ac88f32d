import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What a proxy does to a request that it was told to spoil. */
export type Fault =
  /** The connection breaks before the server sees anything. */
  | { readonly kind: 'reset-before' }
  /** The server handles the request; the answer is lost. */
  | { readonly kind: 'reset-after' }
  /** The server handles the request; half of the answer arrives. */
  | { readonly kind: 'cut-answer' }
  /** The server handles the request; half of its JSON arrives, as a complete answer of that length. */
  | { readonly kind: 'cut-json' }
  /** No answer ever comes; `commit` says whether the server handles the request. `meanwhile` makes time pass. */
  | { readonly kind: 'silence'; readonly commit: boolean; readonly meanwhile: () => void }
  /** The server handles the request; only the first byte of its answer arrives, and the connection stays open. */
  | { readonly kind: 'trickle'; readonly meanwhile: () => void }
  /** An answer that is not the server's; `commit` says whether the server handles the request anyway. */
  | {
      readonly kind: 'answer';
      readonly commit: boolean;
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body: string;
    };

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly bytes: number;
  readonly body: string;
  readonly idempotencyKey: string | undefined;
}

export interface FaultProxy {
  readonly url: string;
  /** Requests in the order in which they arrived. */
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** Returns how to spoil a request, if at all. Called for each in order; `nth` counts the earlier ones of its path. */
export type Plan = (request: Seen, nth: number) => Fault | undefined | Promise<Fault | undefined>;

/**
 * Starts a proxy on loopback in front of a server, which may change between requests. It spoils the requests that
 * `plan` picks, and reports every status that it answers with to `onAnswer`.
 */
export async function startFaultProxy(
  target: string | (() => string),
  plan: Plan,
  onAnswer?: (answer: { readonly path: string; readonly status: number }) => void,
): Promise<FaultProxy> {
  const seen: Seen[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const what = describe(incoming, body);
    const nth = seen.filter(({ path }) => path === what.path).length;
    seen.push(what);
    const fault = await plan(what, nth);
    const onward = typeof target === 'string' ? target : target();
    await handle(onward, incoming, body, outgoing, fault).catch(() => outgoing.destroy());
    onAnswer?.({ path: what.path, status: outgoing.statusCode });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function describe(incoming: IncomingMessage, body: Buffer): Seen {
  const key = incoming.headers['idempotency-key'];
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    bytes: body.length,
    body: body.toString('utf8'),
    idempotencyKey: Array.isArray(key) ? key[0] : key,
  };
}

async function handle(
  target: string,
  incoming: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
  fault: Fault | undefined,
) {
  if (fault?.kind === 'reset-before') return outgoing.destroy();
  if (fault?.kind === 'answer') {
    if (fault.commit) await forward(target, incoming, body);
    outgoing.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
    return outgoing.end(fault.body);
  }
  if (fault?.kind === 'silence' && !fault.commit) return fault.meanwhile();
  const answer = await forward(target, incoming, body);
  if (fault?.kind === 'silence') return fault.meanwhile();
  if (fault?.kind === 'reset-after') return outgoing.destroy();
  const half = answer.body.subarray(0, Math.floor(answer.body.length / 2));
  if (fault?.kind === 'cut-json') {
    const { 'transfer-encoding': _chunked, ...headers } = answer.headers;
    outgoing.writeHead(answer.status, { ...headers, 'content-length': half.length });
    return outgoing.end(half);
  }
  outgoing.writeHead(answer.status, answer.headers);
  if (fault?.kind === 'trickle') return outgoing.write(answer.body.subarray(0, 1), fault.meanwhile);
  if (fault?.kind !== 'cut-answer') return outgoing.end(answer.body);
  return outgoing.write(half, () => outgoing.destroy());
}

function forward(target: string, incoming: IncomingMessage, body: Buffer) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
    const { hostname, port } = new URL(target);
    const { host: _host, ...headers } = incoming.headers;
    const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers }, async (answer) => {
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) });
    });
    onward.on('error', reject);
    onward.end(body);
  });
}
