import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accountsByKey, DEFAULT_KEY, type Tier } from './accounts.ts';
import { type Answer, answerRefusal } from './answer.ts';
import { endUnread, readBody } from './body.ts';
import { dispatch } from './dispatch.ts';
import { UPLOAD_PROTOCOL } from './protocol/routes.ts';
import type { RouteTable } from './route.ts';
import { openWritableStore, removeStore, type Store } from './store/store.ts';

/** How to start a sandbox. */
export interface SandboxOptions {
  /** Holds all data; made with mode 0700 where missing. */
  dataDir: string;
  /** 0, the default, is any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Quota of the default key's user; default `bulk`. */
  tier?: Tier;
  /** Empties the data folder's store first. */
  fresh?: boolean;
  /** The clock; default the real one. */
  now?: () => Date;
}

/** A running sandbox. */
export interface Sandbox {
  /** Origin, without a slash at the end. */
  url: string;
  port: number;
  /** The default key, `sandbox-bulk`. */
  apiKey: string;
  /** Of the data folder; also the header `x-server-id` of every answer. */
  serverId: string;
  /** Cuts open connections and closes the store. */
  close(): Promise<void>;
}

interface Setting {
  table: RouteTable;
  store: Store;
  accounts: ReturnType<typeof accountsByKey>;
  now: () => Date;
  origin: () => string;
}

// Longer than clients keep an idle connection, or they would send into one that is being closed.
const KEEP_ALIVE_MS = 65_000;

function writeHead(response: ServerResponse, { status, text, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function answerTooLarge(request: IncomingMessage, response: ServerResponse, cap: number): void {
  const message = `the body is larger than ${cap} bytes`;
  const headers = { connection: 'close' };
  const refused = answerRefusal({ status: 413, code: 'body_too_large', message, headers });
  writeHead(response, refused);
  endUnread(request, response, refused.text, cap);
}

async function serve(setting: Setting, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { table, store, accounts, now, origin } = setting;
  response.setHeader('x-server-id', store.serverId);
  const body = await readBody(request, table.maxBodyBytes);
  if (body === undefined) return answerTooLarge(request, response, table.maxBodyBytes);
  const { method = '', url = '' } = request;
  const apiKey = header(request, 'x-api-key');
  const idempotencyKey = header(request, 'idempotency-key');
  const incoming = { store, now: now(), origin: origin(), body, method, url, apiKey, idempotencyKey };
  const given = dispatch(table.routes, accounts, incoming);
  writeHead(response, given);
  response.end(given.text);
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function createSandboxServer(setting: Setting): Server {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    // The only thing that fails here is a client that went away before its request was complete.
    serve(setting, request, response).catch(() => response.destroy());
  });
  server.on('clientError', (_error, socket) => {
    const head = ['HTTP/1.1 400 Bad Request', 'connection: close', 'content-type: application/json'];
    const { text } = answerRefusal({ status: 400, code: 'bad_request', message: 'not an HTTP request' });
    const lines = [...head, `x-server-id: ${setting.store.serverId}`, `content-length: ${text.length}`, '', text];
    if (socket.writable) socket.end(lines.join('\r\n'));
  });
  return server;
}

/**
 * Starts the embedded server with the upload protocol over a data folder. Several may run over one folder at once.
 * Throws with code `sandbox_unavailable` where libsql is missing, and with Node's own codes (`EADDRINUSE`, …).
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { dataDir, port = 0, host = '127.0.0.1', tier = 'bulk', now = () => new Date() } = options;
  if (options.fresh === true) removeStore(dataDir);
  const store = openWritableStore(dataDir, now());
  let url = '';
  const server = createSandboxServer({
    table: UPLOAD_PROTOCOL,
    store,
    accounts: accountsByKey(tier),
    now,
    origin: () => url,
  });
  try {
    const bound = await listen(server, port, host);
    url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
    const close = (): Promise<void> => closeServer(server).then(() => store.close());
    return { url, port: bound, apiKey: DEFAULT_KEY, serverId: store.serverId, close };
  } catch (error) {
    store.close();
    throw error;
  }
}
