import type { Account } from './accounts.ts';
import type { Answer } from './answer.ts';
import type { ServerKind } from './kind.ts';
import type { Call, Route } from './route.ts';
import { textProblem } from './text.ts';

/** A request whose body has been read, before its route is known. */
export interface Incoming extends Pick<Call, 'store' | 'now' | 'origin' | 'body' | 'remaining'> {
  method: string;
  url: string;
  apiKey: string | undefined;
  idempotencyKey: string | undefined;
}

function segmentsOf(url: string): string[] | undefined {
  const [path = ''] = url.split('?');
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function matchPath(pattern: string, segments: string[]): string[] | undefined {
  const parts = pattern.split('/');
  if (parts.length !== segments.length) return undefined;
  const fits = parts.every((part, i) => part.startsWith(':') || part === segments[i]);
  return fits ? segments.filter((_segment, i) => parts[i]!.startsWith(':')) : undefined;
}

interface Match {
  route: Route;
  params: string[];
}

function matchesOf(routes: readonly Route[], segments: string[]): Match[] {
  return routes.flatMap((route) => {
    const params = matchPath(route.path, segments);
    return params === undefined ? [] : [{ route, params }];
  });
}

function find(kind: ServerKind, method: string, url: string): Match | Answer {
  const segments = segmentsOf(url);
  if (segments === undefined) return kind.badPath('the path is not valid percent-encoding');
  const matches = matchesOf(kind.routes, segments);
  const found = matches.find(({ route }) => route.method === method);
  if (found === undefined) {
    return matches.length === 0
      ? kind.unknownPath(segments)
      : kind.wrongMethod(matches.map(({ route }) => route.method));
  }
  const problem = found.params.map(textProblem).find((each) => each !== undefined);
  return problem === undefined ? found : kind.badPath(`the path's ${problem}`);
}

/** Answers one request as this kind of server does. Never rejects: refusals and failures become answers. */
export async function dispatch(kind: ServerKind, accounts: Map<string, Account>, incoming: Incoming): Promise<Answer> {
  const { method, url, apiKey, ...rest } = incoming;
  const found = find(kind, method, url);
  if (!('route' in found)) return found;
  const { route, params } = found;
  const account = apiKey === undefined ? undefined : accounts.get(apiKey);
  try {
    return await route.handle({ ...rest, account, params, path: route.path });
  } catch (error) {
    return kind.failure(error);
  }
}
