import { AppError } from '../errors.ts';
import { isNamed } from './no-proxy.ts';
import { isLoopback } from './server-url.ts';

/** Environment variables, as Node hands them over. */
export type ProxyEnv = Readonly<Record<string, string | undefined>>;

/** A proxy on the way to a server, and the variable that names it. */
export interface HttpProxy {
  readonly url: URL;
  readonly variable: string;
}

/**
 * The proxy that the environment names for a server: HTTPS_PROXY or HTTP_PROXY, by the server's protocol, unless NO_PROXY
 * names the server. Lower case wins, as in curl, and an empty variable means none. This machine is never reached through
 * a proxy. Error: usage for a variable that names no http or https proxy.
 */
export function findProxy(server: URL, env: ProxyEnv): HttpProxy | undefined {
  if (isLoopback(server.hostname)) return undefined;
  const found = variableOf(env, server.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  if (!found || isNamed(server, variableOf(env, 'no_proxy')?.value ?? '')) return undefined;
  return { url: parseProxy(found.value, found.variable), variable: found.variable };
}

function variableOf(env: ProxyEnv, lower: string): { variable: string; value: string } | undefined {
  const variable = env[lower] === undefined ? lower.toUpperCase() : lower;
  const value = env[variable]?.trim();
  return value ? { variable, value } : undefined;
}

/** Parses a proxy's address. Many people write `proxy.corp:3128`, which a URL parser takes for a protocol of that name. */
function parseProxy(value: string, variable: string): URL {
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new AppError('usage', `${variable} is "${withoutPassword(value)}", which is no http or https proxy`, {
    hints: [`write it as http://proxy.example:3128, or leave it empty; ${variable} is an environment variable`],
  });
}

/** Shows only what can be no password: a host with a port at most, or what follows the last @. */
function withoutPassword(value: string): string {
  if (/^([a-z][\w+.-]*:\/\/)?[\w.-]*(:\d*)?\/*$/i.test(value)) return value;
  const [scheme = ''] = /^[a-z][\w+.-]*:\/\//i.exec(value) ?? [];
  const at = value.lastIndexOf('@');
  return `${scheme}…${at < 0 ? '' : value.slice(at)}`;
}

/** Describes a proxy for people: its address, without the password, and the variable that names it. */
export function describeProxy({ url, variable }: HttpProxy): string {
  return `the proxy ${url.protocol}//${url.host} (${variable})`;
}

/** Returns the Proxy-Authorization header for a proxy; undefined if its URL has no user name or password. */
export function proxyAuthorization(proxy: HttpProxy): string | undefined {
  const { username, password } = proxy.url;
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
}

/** Decodes percent-encoding. Text with a `%` that is no escape is taken as typed. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
