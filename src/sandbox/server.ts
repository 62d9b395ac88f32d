import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accountsByKey, DEFAULT_KEY, type SandboxUser, type Tier } from './accounts.ts';
import { endUnread } from './body.ts';
import { dispatch } from './dispatch.ts';
import { isForeignPage } from './foreign.ts';
import type { ServerKind } from './kind.ts';
import type { BuiltInModel } from './models.ts';
import { uploadProtocol } from './protocol/kind.ts';
import { publicServer } from './public/kind.ts';
import { headersOf, sendAnswer } from './send.ts';
import type { Upstream } from './steering/upstream.ts';
import { openWritableStore, removeStore, type Store } from './store/store.ts';

/** How to start a sandbox. */
export interface SandboxOptions {
  /** The folder for all data; made with mode 0700 if missing. */
  dataDir: string;
  /** 0, the default, is any free port. */
  port?: number;
  /** Quota tier of the default key's user; default `bulk`. */
  tier?: Tier;
  /** Deletes the data folder's store first. */
  fresh?: boolean;
  /** The clock; default the real one. */
  now?: () => Date;
  /** Users in addition to the fixed ones. */
  users?: readonly SandboxUser[];
  /** Behaves like the public server; the default is the upload protocol. */
  public?: boolean;
  /** Public only: limits the requests of each address per hour, as the public server does; default off. */
  rateLimit?: boolean;
  /** Public only: the largest answer, in bytes, that the hosting platform lets through; default 4,500,000. */
  maxAnswerBytes?: number;
  /** Public only: the models that it knows, instead of the built-in ones. */
  models?: readonly BuiltInModel[];
  /** The model that completes prompts for steering; the default is a stand-in that says that it is one. */
  upstream?: Upstream;
  /** Called with a line about every request once its answer has ended. The line contains no secrets. */
  onExchange?: (line: string) => void;
}

/** A running sandbox. */
export interface Sandbox {
  /** Origin, without a trailing slash. */
  url: string;
  port: number;
  /** The default key, `sandbox-bulk`. */
  apiKey: string;
  /** The data folder's id, which every answer carries in the header `x-server-id`. */
  serverId: string;
  /** Cuts open connections and closes the store. */
  close(): Promise<void>;
}

interface Setting {
  kind: ServerKind;
  /** Opened once the server has its port, before its first request. */
  store: Store;
  accounts: ReturnType<typeof accountsByKey>;
  now: () => Date;
  origin: () => string;
}

// Longer than clients keep idle connections: otherwise they could send on one that is just being closed.
const KEEP_ALIVE_MS = 65_000;

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function answerTooLarge(kind: ServerKind, request: IncomingMessage, response: ServerResponse): void {
  const refused = kind.bodyTooLarge(kind.maxBodyBytes);
  response.writeHead(refused.status, { ...headersOf(refused), connection: 'close' });
  endUnread(request, response, refused.text, kind.maxBodyBytes);
}

function refusePage(request: IncomingMessage, response: ServerResponse): void {
  const error = 'the sandbox only answers browser pages that come from this machine, at 127.0.0.1 or localhost';
  response.writeHead(403, { 'content-type': 'application/json', connection: 'close' });
  endUnread(request, response, JSON.stringify({ error }), 1 << 20);
}

async function serve(setting: Setting, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { kind, store, accounts } = setting;
  response.setHeader('x-server-id', store.serverId);
  if (isForeignPage(request)) return refusePage(request, response);
  const body = await kind.readBody(request, kind.maxBodyBytes);
  if (body === undefined) return answerTooLarge(kind, request, response);
  const { method = '', url = '' } = request;
  const [now, origin] = [setting.now(), setting.origin()];
  response.setHeader('date', now.toUTCString());
  const keys = { apiKey: header(request, 'x-api-key'), idempotencyKey: header(request, 'idempotency-key') };
  const answerIt = (remaining: string | null) =>
    dispatch(kind, accounts, { store, now, origin, body, method, url, ...keys, remaining });
  const [path = ''] = url.split('?');
  const visit = { store, now, path, ip: request.socket.remoteAddress ?? '' };
  const given = (kind.around?.(visit, answerIt) ?? answerIt(null)).catch(kind.failure);
  await sendAnswer(response, await given);
}

const HOST = '127.0.0.1';

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => resolve((server.address() as AddressInfo).port));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function createSandboxServer(setting: Setting, onExchange: SandboxOptions['onExchange']): Server {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    if (onExchange) {
      const began = performance.now();
      const size = request.headers['content-length'] ?? '0';
      response.on('close', () => {
        const result = response.writableFinished ? response.statusCode : 'aborted';
        const ms = Math.round(performance.now() - began);
        onExchange(`${request.method} ${request.url} (${size} bytes) -> ${result} (${ms} ms)`);
      });
    }
    // The client disconnected before its request was complete, or a stream failed: cut the connection.
    serve(setting, request, response).catch(() => response.destroy());
  });
  server.on('clientError', (_error, socket) => {
    const head = ['HTTP/1.1 400 Bad Request', 'connection: close'];
    const refused = setting.kind.notHttp();
    const headers = Object.entries(headersOf(refused)).map(([name, value]) => `${name}: ${value}`);
    const lines = [...head, `x-server-id: ${setting.store.serverId}`, ...headers, '', refused.text];
    if (socket.writable) socket.end(lines.join('\r\n'));
  });
  return server;
}

function kindOf(options: SandboxOptions): ServerKind {
  return options.public === true ? publicServer(options) : uploadProtocol(options.upstream);
}

/**
 * Starts the embedded server, of either kind, over a data folder. Several servers may run over one folder at once.
 * Throws with code `sandbox_unavailable` if libsql is missing, `sandbox_in_use` if `fresh` would delete a store that is
 * open elsewhere, `sandbox_version` if its data cannot be upgraded, and Node's own codes (`EADDRINUSE`, …).
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { dataDir, port = 0, tier = 'bulk', now = () => new Date() } = options;
  let url = '';
  const accounts = accountsByKey(tier, options.users);
  const setting = { kind: kindOf(options), accounts, now, origin: () => url } as Setting;
  const server = createSandboxServer(setting, options.onExchange);
  // First the port: if it is taken, `fresh` must not have deleted anything.
  const bound = await listen(server, port);
  try {
    if (options.fresh === true) removeStore(dataDir);
    setting.store = openWritableStore(dataDir, now());
    url = `http://${HOST}:${bound}`;
    const close = (): Promise<void> => closeServer(server).then(() => setting.store.close());
    return { url, port: bound, apiKey: DEFAULT_KEY, serverId: setting.store.serverId, close };
  } catch (error) {
    await closeServer(server);
    throw error;
  }
}
