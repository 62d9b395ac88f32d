import { createServer, type IncomingMessage, type RequestListener, request as sendOn } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Json } from './run-cli.ts';

/** A request that a test's server received. */
export interface Seen {
  method: string;
  path: string;
  key: string | undefined;
  body: string;
}

export interface WebServer {
  url: string;
  port: number;
  seen: Seen[];
  close(): Promise<void>;
}

/** Starts a server on loopback; `answer` gets each request with its whole body. */
export async function serve(
  answer: (request: IncomingMessage, response: Parameters<RequestListener>[1], body: Buffer) => void,
  host = '127.0.0.1',
): Promise<WebServer> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const key = request.headers['x-api-key'] as string | undefined;
    seen.push({ method: request.method as string, path: request.url as string, key, body: body.toString() });
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://${host}:${port}`, port, seen, close };
}

/** Starts a server that gives every request the same answer. */
export function serveAlways(status: number, type: string, text: string, headers: Record<string, string> = {}) {
  return serve((_request, response) => response.writeHead(status, { 'content-type': type, ...headers }).end(text));
}

function gate() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** A server in front of another one. */
export interface Proxy extends WebServer {
  /** Holds back requests to matching paths from now on, until `release`. */
  hold(matches: (path: string) => boolean): void;
  /** Resolves when the first request is held back. */
  held: Promise<void>;
  release(): void;
}

/** Starts a proxy that passes everything on to a server and records the requests; `keys` maps keys to replacements. */
export async function serveThrough(url: string, keys: Record<string, string> = {}): Promise<Proxy> {
  const [held, open] = [gate(), gate()];
  let isHeld = (_path: string) => false;
  const server = await serve(async (request, response, body) => {
    if (isHeld(request.url as string)) {
      held.resolve();
      await open.promise;
    }
    const key = String(request.headers['x-api-key']);
    const headers = { ...request.headers, 'x-api-key': keys[key] ?? key };
    const onward = sendOn(url + request.url, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode as number, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    onward.end(body);
  });
  const hold = (matches: (path: string) => boolean) => {
    isHeld = matches;
  };
  return { ...server, hold, held: held.promise, release: open.resolve };
}

/** Returns the indices of the features in all batches that were sent, in ascending order. */
export function uploadedIndices(seen: readonly Seen[]): number[] {
  const batches = seen.filter(({ path }) => path === '/api/feature/upload-batch');
  const indices = batches.flatMap(({ body }) => JSON.parse(body).features.map((row: Json) => row.index as number));
  return indices.sort((a, b) => a - b);
}
