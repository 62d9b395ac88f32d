import { AppError } from '../errors.ts';

/** Reads a server's address. Plain http would show the key to everyone on the way, except on this machine itself. */
export function parseServerUrl(text: string, insecure: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AppError('usage', `"${text}" is not the address of a server`, {
      hints: ['write it as https://host or http://localhost:3000'],
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new AppError('usage', 'the address of the server holds a user name or password', {
      hints: ['keys are given with: neuronpedia login'],
    });
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !insecure) {
    throw new AppError('usage', `${url.origin}: plain http would send your key readable to everyone on the way`, {
      hints: ['use https, or allow it with --insecure'],
    });
  }
  return url;
}

/** Whether a URL's host is this machine itself: nothing that is sent there passes a network. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
