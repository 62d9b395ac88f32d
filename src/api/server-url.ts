import { AppError } from '../errors.ts';

/** The server used when none is named. */
export const defaultServer = 'https://www.neuronpedia.org';

/** Parses a server's address. Plain http exposes the key, so it needs `insecure` or a loopback host. Error: usage. */
export function parseServerUrl(text: string, insecure: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AppError('usage', `"${withoutUser(text)}" is not the address of a server`, {
      hints: [`write it in full, for example ${withScheme(text)}`],
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
    throw new AppError('usage', `"${text}": give the address of the server itself, without /api`, {
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

/** Returns the login command for a server. Without the address, the key would be stored for the default server. */
export function loginAt(origin: string): string {
  if (origin === defaultServer) return 'neuronpedia login';
  const { protocol, hostname } = new URL(origin);
  const insecure = protocol === 'http:' && !isLoopback(hostname) ? ' --insecure' : '';
  return `neuronpedia login --api-url ${origin}${insecure}`;
}

/** Guesses what was meant by an address without a scheme. */
function withScheme(text: string): string {
  if (/^(localhost|127\.)/.test(text)) return `http://${text}`;
  const isHost = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/\S*)?$/.test(text);
  return isHost ? `https://${text}` : 'https://www.neuronpedia.org or http://localhost:3000';
}

/** Hides credentials in a URL before it is printed. */
function withoutUser(text: string): string {
  const at = text.lastIndexOf('@');
  return at < 0 ? text.replace(/[?#].*/s, '…') : `…${text.slice(at)}`;
}

/**
 * Whether a URL's host is this machine itself, so that nothing sent there crosses a network. Takes the parsed hostname,
 * which is the same for all spellings of an address: 2130706433 is 127.0.0.1. Any other name depends on DNS.
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || /^(127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/.test(host);
}
