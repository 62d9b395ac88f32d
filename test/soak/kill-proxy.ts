import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { bodyHash } from '../../src/upload/body.ts';

/** The requests that store rows. */
export const uploads: readonly string[] = ['/api/feature/upload-batch', '/api/vector/new'];

/** A request on its way through the proxy. */
export interface Passing {
  readonly path: string;
  /** Length and CRC-32 of its body, as in the journal's intent for it. */
  readonly hash: string;
  /** Whether the whole answer has been handed to the network. */
  answered: boolean;
}

/** What happens around each request; the hooks may wait, kill, or throw to drop the connection. */
export interface Watch {
  onArrival?(passing: Passing, forward: () => Promise<void>): Promise<void> | void;
  /** Called when the server has answered, before any of the answer is passed on. */
  onCommitted?(passing: Passing): Promise<void> | void;
  onAnswered?(passing: Passing): void;
}

/** A proxy on loopback that knows where each request is. */
export interface KillProxy {
  readonly url: string;
  /** Forgets what it has seen and uses `watch` from now on; returns the list that new requests are added to. */
  begin(watch: Watch): Passing[];
  /** Resolves once no request is in progress. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy in front of a server. */
export async function startKillProxy(target: string): Promise<KillProxy> {
  let seen: Passing[] = [];
  let watch: Watch = {};
  const underWay = new Set<Promise<void>>();
  const server = createServer((incoming, outgoing) => {
    const done = pass(target, incoming, outgoing, watch, seen)
      .catch(() => void outgoing.destroy())
      .finally(() => underWay.delete(done));
    underWay.add(done);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    begin(next) {
      watch = next;
      seen = [];
      return seen;
    },
    quiet: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function pass(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  watch: Watch,
  seen: Passing[],
): Promise<void> {
  const body = await buffer(incoming);
  const hash = bodyHash({ bytes: body });
  const passing: Passing = { path: incoming.url ?? '', hash, answered: false };
  seen.push(passing);
  const send = () => forward(target, incoming, body);
  await watch.onArrival?.(passing, async () => void (await send()));
  const answer = await send();
  await watch.onCommitted?.(passing);
  outgoing.writeHead(answer.status, answer.headers);
  outgoing.end(answer.body, () => {
    passing.answered = true;
    watch.onAnswered?.(passing);
  });
}

function forward(target: string, incoming: IncomingMessage, body: Buffer) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
    const { host: _host, ...headers } = incoming.headers;
    const onward = request(target + incoming.url, { method: incoming.method, headers }, async (answer) => {
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) });
    });
    onward.on('error', reject);
    onward.end(body);
  });
}
