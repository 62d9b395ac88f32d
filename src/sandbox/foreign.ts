import type { IncomingMessage } from 'node:http';

const loopback = /^((.+\.)?localhost\.?|127\.\d+\.\d+\.\d+|\[::1\])$/;

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
  // A page of localhost is one of another site to a browser than 127.0.0.1 is: where it says its origin, that counts.
  const isElsewhere = origin === undefined ? site === 'cross-site' && mode !== 'navigate' : !isHere(origin);
  return !isHere(host) || isElsewhere;
}
