import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsHttpServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from './certificate.ts';

/** What a proxy was asked for: a tunnel to a host, or a whole URL. */
export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly authorization: string | undefined;
}

export interface ForwardProxy {
  readonly port: number;
  readonly asked: Asked[];
  close(): Promise<void>;
}

export interface ForwardProxyOptions {
  /** Maps each `host:port` that exists for the proxy to a port on loopback. */
  readonly hosts: Readonly<Record<string, number>>;
  /** The `user:password` that it demands. */
  readonly password?: string;
  /** Whether it accepts requests and never answers them. */
  readonly silent?: boolean;
  /** With one, it speaks TLS to its clients. */
  readonly certificate?: Certificate;
}

/** Starts an HTTP proxy like those of networks: it opens tunnels (CONNECT) and forwards requests for whole URLs. */
export async function startForwardProxy(options: ForwardProxyOptions): Promise<ForwardProxy> {
  const { certificate } = options;
  const asked: Asked[] = [];
  const server = certificate ? createTlsHttpServer({ key: certificate.key, cert: certificate.cert }) : createServer();
  const mayPass = (incoming: IncomingMessage): number => {
    const authorization = incoming.headers['proxy-authorization'];
    asked.push({ method: incoming.method ?? '', target: incoming.url ?? '', authorization });
    const wanted = options.password && `Basic ${Buffer.from(options.password).toString('base64')}`;
    return wanted !== undefined && authorization !== wanted ? 407 : 200;
  };
  server.on('connect', (incoming: IncomingMessage, socket: Duplex) => {
    const status = mayPass(incoming);
    const port = options.hosts[incoming.url ?? ''];
    if (options.silent) return;
    if (status === 407 || port === undefined) socket.end(`HTTP/1.1 ${port ? status : 502} No\r\n\r\n`);
    else tunnel(socket, port);
  });
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const status = mayPass(incoming);
    if (options.silent) return;
    if (status === 407) outgoing.writeHead(407, { 'proxy-authenticate': 'Basic' }).end('who are you?');
    else forward(incoming, outgoing, options.hosts);
  });
  const { port, close } = await listening(server);
  return { port, asked, close };
}

function tunnel(client: Duplex, port: number): void {
  const server = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 Connection established\r\n\r\n'));
  join(client, server);
}

function join(one: Duplex, other: Duplex): void {
  one.pipe(other).pipe(one);
  for (const [side, opposite] of [
    [one, other],
    [other, one],
  ] as const) {
    side.on('error', () => opposite.destroy());
    side.on('close', () => opposite.destroy());
  }
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, hosts: ForwardProxyOptions['hosts']): void {
  const url = new URL(incoming.url ?? '');
  const port = hosts[`${url.hostname}:${url.port || 80}`];
  if (port === undefined) return void outgoing.writeHead(502).end('no such host');
  const onward = { host: '127.0.0.1', port, method: incoming.method, path: url.pathname + url.search };
  const { 'proxy-authorization': _, ...headers } = incoming.headers;
  const asking = request({ ...onward, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(outgoing);
  });
  asking.on('error', () => outgoing.destroy());
  incoming.pipe(asking);
}

/** Starts a TLS front for a server on loopback: it decrypts what arrives and passes it on unchanged. */
export async function startTlsFront(
  target: string,
  { cert, key }: Certificate,
): Promise<{ port: number; close(): Promise<void> }> {
  const { port } = new URL(target);
  const server = createTlsServer({ cert, key }, (socket) => join(socket, connect(Number(port), '127.0.0.1')));
  server.on('tlsClientError', () => undefined);
  return listening(server);
}

async function listening(server: Server): Promise<{ port: number; close(): Promise<void> }> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
