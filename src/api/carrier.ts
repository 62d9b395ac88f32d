import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import { ProxyFailure } from './no-answer.ts';
import { type HttpProxy, proxyAuthorization } from './proxy.ts';

/** What carries requests to one server, and how to address a request for it. */
export interface Carrier {
  readonly dispatcher: Dispatcher;
  /** Returns the options that say where a request goes, and its headers. */
  address(
    path: string,
    headers: Record<string, string>,
  ): Pick<Dispatcher.RequestOptions, 'origin' | 'path' | 'headers'>;
}

export interface CarrierOptions {
  readonly origin: string;
  readonly proxy: HttpProxy | undefined;
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
}

/** How long to try each address of a host with several. Node's quarter of a second is too short on slow lines. */
const addressTimeoutMs = 2_000;

/**
 * Opens kept-alive connections to a server. Behind a proxy, an https server is reached through a tunnel that the proxy
 * cannot read, and an http one by sending the proxy the whole address, since many proxies allow tunnels only for https.
 */
export function openCarrier({ origin, proxy, connectTimeoutMs, answerTimeoutMs }: CarrierOptions): Carrier {
  const connect = { timeout: connectTimeoutMs, autoSelectFamilyAttemptTimeout: addressTimeoutMs };
  const pool = {
    connections: 16,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  };
  const address: Carrier['address'] = (path, headers) => ({ origin, path, headers });
  if (!proxy) return { dispatcher: new Pool(origin, { ...pool, connect }), address };
  const token = proxyAuthorization(proxy);
  if (origin.startsWith('http:')) {
    const more = { host: new URL(origin).host, ...(token !== undefined && { 'proxy-authorization': token }) };
    return {
      dispatcher: new Pool(proxy.url.origin, { ...pool, connect }),
      address: (path, headers) => ({ origin: proxy.url.origin, path: origin + path, headers: { ...headers, ...more } }),
    };
  }
  const dispatcher = new ProxyAgent({
    ...pool,
    uri: proxy.url.origin,
    ...(token !== undefined && { token }),
    proxyTls: connect,
    requestTls: connect,
    clientFactory: (url, options) => tunnelClient(new Pool(url, { ...options, headersTimeout: connectTimeoutMs })),
  });
  return { dispatcher, address };
}

/** Turns a proxy's errors into ProxyFailure, with the status of a refusal, to tell them from those of the server. */
function tunnelClient(pool: Pool): Pool {
  const connect = pool.connect.bind(pool) as (options: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>;
  const tunnel = async (options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
    const answer = await connect(options).catch((cause: unknown) => {
      throw new ProxyFailure(undefined, cause);
    });
    if (answer.statusCode === 200) return answer;
    answer.socket.on('error', () => undefined).destroy();
    throw new ProxyFailure(answer.statusCode, undefined);
  };
  return Object.assign(pool, { connect: tunnel });
}
