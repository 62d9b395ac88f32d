import type { Account } from './accounts.ts';
import { type Answer, answerRefusal } from './answer.ts';
import { refusalOf, refuse, refuseField } from './refusal.ts';
import type { Call, Route } from './route.ts';
import { textProblem } from './text.ts';

/** A request with its body read, before it is known what it asks for. */
export interface Incoming extends Pick<Call, 'store' | 'now' | 'origin' | 'body'> {
  method: string;
  url: string;
  apiKey: string | undefined;
  idempotencyKey: string | undefined;
}

function segmentsOf(url: string): string[] {
  const [path = ''] = url.split('?');
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    refuseField('', 'the path is not valid percent-encoding');
  }
}

function matchPath(pattern: string, segments: string[]): string[] | undefined {
  const parts = pattern.split('/');
  if (parts.length !== segments.length) return undefined;
  const fits = parts.every((part, i) => part.startsWith(':') || part === segments[i]);
  return fits ? segments.filter((_segment, i) => parts[i]!.startsWith(':')) : undefined;
}

function findRoute(routes: readonly Route[], method: string, url: string): { route: Route; params: string[] } {
  const segments = segmentsOf(url);
  const matches = routes.flatMap((route) => {
    const params = matchPath(route.path, segments);
    return params === undefined ? [] : [{ route, params }];
  });
  const found = matches.find(({ route }) => route.method === method);
  if (found !== undefined) return found;
  if (matches.length === 0) refuse(404, 'not_found', 'no such endpoint');
  const allow = matches.map(({ route }) => route.method).join(', ');
  refuse(405, 'method_not_allowed', `this endpoint takes ${allow}`, { headers: { allow } });
}

function run(routes: readonly Route[], accounts: Map<string, Account>, incoming: Incoming): Answer {
  const { method, url, apiKey, ...rest } = incoming;
  const { route, params } = findRoute(routes, method, url);
  for (const param of params) {
    const problem = textProblem(param);
    if (problem !== undefined) refuseField('', `the path's ${problem}`);
  }
  const account = apiKey === undefined ? undefined : accounts.get(apiKey);
  return route.handle({ ...rest, account, params, path: route.path });
}

function answerFailure(error: unknown): Answer {
  const { code, message } = error as { code?: unknown; message?: string };
  // Another process held the store for longer than the driver waits: trying again is right.
  if (String(code).startsWith('SQLITE_BUSY')) {
    const headers = { 'retry-after': '1' };
    return answerRefusal({ status: 503, code: 'busy', message: 'the store is busy', headers });
  }
  return answerRefusal({ status: 500, code: 'internal', message: `the sandbox failed: ${message}` });
}

/** Answers one request out of a route table. Never throws: refusals and failures are answers. */
export function dispatch(routes: readonly Route[], accounts: Map<string, Account>, incoming: Incoming): Answer {
  try {
    return run(routes, accounts, incoming);
  } catch (error) {
    const refusal = refusalOf(error);
    return refusal === undefined ? answerFailure(error) : answerRefusal(refusal);
  }
}
