import { AppError } from '../errors.ts';

/** The server that is meant when none is named. */
export const defaultServer = 'https://www.neuronpedia.org';

/** Reads a server's address. Plain http would show the key to everyone on the way, except on this machine itself. */
export function parseServerUrl(text: string, insecure: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AppError('usage', `"${withoutUser(text)}" is not the address of a server`, {
      hints: [`write it whole, as in ${withScheme(text)}`],
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new AppError('usage', 'the address of the server holds a user name or password', {
      hints: [`keys are given with: ${loginAt(url.origin)}`],
    });
  }
  if (url.search !== '' || url.hash !== '') {
    throw new AppError('usage', `${url.origin}: the address of a server has no "?" or "#" in it`, {
      hints: [`keys are given with: ${loginAt(url.origin)}`],
    });
  }
  if (/\/api\/?$/.test(url.pathname)) {
    throw new AppError('usage', `"${text}": the address of the server itself is meant, without /api`, {
      hints: [`--api-url ${url.href.replace(/\/api\/?$/, '')}`],
    });
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !insecure) {
    throw new AppError('usage', `${url.origin}: plain http would send your key readable to everyone on the way`, {
      hints: ['use https, or allow it with --insecure'],
    });
  }
  return url;
}

/** What a person types to store a key for a server: without its address the key would go to the default one. */
export function loginAt(origin: string): string {
  if (origin === defaultServer) return 'neuronpedia login';
  const { protocol, hostname } = new URL(origin);
  const insecure = protocol === 'http:' && !isLoopback(hostname) ? ' --insecure' : '';
  return `neuronpedia login --api-url ${origin}${insecure}`;
}

/** What was probably meant by an address without its beginning. */
function withScheme(text: string): string {
  if (/^(localhost|127\.)/.test(text)) return `http://${text}`;
  const isHost = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/\S*)?$/.test(text);
  return isHost ? `https://${text}` : 'https://www.neuronpedia.org or http://localhost:3000';
}

/** Whoever writes a key into an address does not want to see it again. */
function withoutUser(text: string): string {
  const at = text.lastIndexOf('@');
  return at < 0 ? text.replace(/[?#].*/s, '…') : `…${text.slice(at)}`;
}

/**
 * Whether a URL's host is this machine itself: nothing that is sent there passes a network. By the parsed name, in which
 * all ways to write an address are the same: 2130706433 is 127.0.0.1. Any other name is up to DNS.
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || /^(127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/.test(host);
}
