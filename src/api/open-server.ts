import { callback, flag, needed, object, type Rule, type RulesFor, signal, string } from '../check-options.ts';
import { type Http, openHttp } from './http.ts';
import { cleanKey } from './key.ts';
import { describeProxy, findProxy, type ProxyEnv } from './proxy.ts';
import { parseServerUrl } from './server-url.ts';

/** Which server to connect to, and how. */
export interface ConnectOptions {
  /** Address of the server: `https://host[:port][/path]`, or a URL object. */
  readonly url: string | { readonly href: string };
  /** How people know the server, if not by its address. */
  readonly name?: string;
  /** The options by which a command line names the server; absent if it needs none. */
  readonly words?: string;
  /** Undefined allows only what needs no account. Spaces and line ends around it are removed. */
  readonly key: string | undefined;
  /** Where the key was found, for the error if the server refuses it. */
  readonly keyFrom?: string;
  readonly userAgent?: string;
  /** Allows plain http to a host that is not this machine. */
  readonly insecure?: boolean;
  /** Environment variables, of which HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read; without them no proxy is used. */
  readonly env?: ProxyEnv;
  /** Called with a line for every exchange, with nothing secret in it. */
  readonly onExchange?: (line: string) => void;
  /** Called with a line for people if a request is repeated after ten seconds or more without an answer. */
  readonly onSilence?: (line: string) => void;
  /** Aborts connecting, with its reason. It has no effect on an open connection. */
  readonly signal?: AbortSignal;
}

const address: Rule = {
  expected: 'the address of a server, such as https://www.neuronpedia.org',
  fits: (value) => typeof (value instanceof Object && 'href' in value ? value.href : value) === 'string',
};

/** Rules for these options. */
export const connectRules: RulesFor<ConnectOptions> = {
  ...{ url: needed(address), name: string, words: string },
  ...{ key: string, keyFrom: string, userAgent: string, insecure: flag },
  ...{ env: object('an object of environment variables'), onExchange: callback, onSilence: callback, signal },
};

/** The address of a server as text. */
export const textOf = (url: ConnectOptions['url']) => (typeof url === 'string' ? url : url.href);

/**
 * Opens connections to a server without asking it anything. Errors: usage for a bad address of the server or a proxy, and
 * no_key for a key that no header can hold.
 */
export function openServer(given: ConnectOptions): Http {
  const { key, keyFrom = 'the key given' } = given;
  const options = { ...given, key: key === undefined ? undefined : cleanKey(key, keyFrom) };
  const url = parseServerUrl(textOf(given.url), given.insecure ?? false);
  const basePath = url.pathname.replace(/\/+$/, '');
  const proxy = findProxy(url, options.env ?? {});
  if (proxy) options.onExchange?.(`${url.origin} is reached through ${describeProxy(proxy)}`);
  return openHttp({ userAgent: 'neuronpedia-cli', ...options, origin: url.origin, basePath, proxy });
}
