import type { IncomingMessage } from 'node:http';

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whether the host of a `Host` header or an origin is this machine. */
function isHere(text: string): boolean {
  const url = text.includes('://') ? text : `http://${text}`;
  return URL.canParse(url) && loopback.test(new URL(url).hostname);
}

/**
 * Whether a request comes from a page of somebody else that a browser on this machine shows: such a page may send requests to
 * any address, and under a name of its own for this one (DNS rebinding) read what is answered. Programs may call it as they like.
 */
export function isForeignPage({ headers }: IncomingMessage): boolean {
  const { host = '', origin, 'user-agent': agent = '', 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  const isBrowser = origin !== undefined || site !== undefined || agent.startsWith('Mozilla/');
  if (!isBrowser) return false;
  return !isHere(host) || (origin !== undefined && !isHere(origin)) || (site === 'cross-site' && mode !== 'navigate');
}
