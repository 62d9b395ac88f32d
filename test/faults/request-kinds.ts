import type { Seen } from '../upload/fault-proxy.ts';

/** Every kind of request that this client makes, as method and path; `*` stands for one part of a path. */
export const requestKinds = [
  'GET /api/upload/limits',
  'POST /api/user/refresh',
  'POST /api/model/list',
  'POST /api/model/get',
  'POST /api/model/new',
  'GET /api/source-set/*/*',
  'POST /api/source-set/new',
  'POST /api/features',
  'POST /api/feature/upload-batch',
  'GET /api/feature/*/*/*',
  'POST /api/vector/new',
  'POST /api/vector/list-owned',
  'POST /api/vector/delete',
  'POST /api/activation/upload-batch',
  'POST /api/activation/new',
  'POST /api/explanation/generate',
  'POST /api/explanation/score',
  'POST /api/list/list',
  'POST /api/list/new',
  'POST /api/list/add-features',
  'POST /api/steer',
  'POST /api/steer-chat',
] as const;

export type RequestKind = (typeof requestKinds)[number];

/** Requests that change what the server holds. */
export const writing: readonly RequestKind[] = [
  'POST /api/model/new',
  'POST /api/source-set/new',
  'POST /api/feature/upload-batch',
  'POST /api/vector/new',
  'POST /api/vector/delete',
  'POST /api/activation/upload-batch',
  'POST /api/explanation/generate',
  'POST /api/explanation/score',
  'POST /api/list/new',
  'POST /api/list/add-features',
];

const patterns = requestKinds.map((kind) => [kind, new RegExp(`^${kind.replaceAll('*', '[^/]+')}$`)] as const);

/** Returns the kind of a request. Throws for one that is not in the table. */
export function kindOf({ method, path }: Pick<Seen, 'method' | 'path'>): RequestKind {
  const found = patterns.find(([, pattern]) => pattern.test(`${method} ${path}`));
  if (!found) throw new Error(`${method} ${path}: no request of this client`);
  return found[0];
}
