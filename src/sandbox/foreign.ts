import type { IncomingMessage } from 'node:http';

const loopback = /^((.+\.)?localhost\.?|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whether a `Host` header or an origin names this machine. */
function isHere(text: string): boolean {
  const url = text.includes('://') ? text : `http://${text}`;
  return URL.canParse(url) && loopback.test(new URL(url).hostname);
}

/**
 * Whether a request comes from another site's page in a browser on this machine. Such a page can send requests to any
 * address. If it reaches this server under a host name of its own (DNS rebinding), it could also read the answers.
 * Programs that are not browsers are never foreign pages.
 */
export function isForeignPage({ headers }: IncomingMessage): boolean {
  const { host = '', origin, 'user-agent': agent = '', 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  const isBrowser = origin !== undefined || site !== undefined || agent.startsWith('Mozilla/');
  if (!isBrowser) return false;
  // To a browser, localhost and 127.0.0.1 are different sites. So if the page's origin is given, the origin decides.
  const isElsewhere = origin === undefined ? site === 'cross-site' && mode !== 'navigate' : !isHere(origin);
  return !isHere(host) || isElsewhere;
}
