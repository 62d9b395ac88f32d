import { type Answer, answer } from '../answer.ts';
import type { Visit } from '../kind.ts';

const HOUR_MS = 3_600_000;

interface Limit {
  /** Every path that starts with it counts: `/api/steer` is steer and steer-chat together. */
  endpoint: string;
  requests: number;
}

// As on the public server, the entry /api/features/upload-batch matches no route, so uploads count for /api only.
const LIMITS: readonly Limit[] = [
  { endpoint: '/api', requests: 25_000 },
  { endpoint: '/api/steer', requests: 240 },
  { endpoint: '/api/features/upload-batch', requests: 1_000 },
  { endpoint: '/api/model/new', requests: 5 },
  { endpoint: '/api/source-set/new', requests: 10 },
];

/** How many more requests fit into the most specific window, or the refusal if any window is full. */
export type Admission = { remaining: string | null } | { refused: Answer };

// A 429 carries no Retry-After and no x-limit-remaining.
function refusal({ endpoint, requests }: Limit): Answer {
  const requestWindow = '60 m';
  const error =
    `Rate limit exceeded for this endpoint. The limit for this endpoint (${endpoint}) is ${requests} requests per ` +
    `${requestWindow}. Contact johnny@neuronpedia.org to increase your rate limit.`;
  const body = { endpoint, limitPerWindow: requests, requestWindow, remainingRequests: 0, error };
  return answer(body, 429);
}

// A sliding window: the previous clock hour counts in proportion to its part in the last 60 minutes.
function spendOne({ store, now, ip }: Visit, { endpoint, requests }: Limit): number | undefined {
  const at = now.getTime() / HOUR_MS;
  const hour = Math.floor(at);
  const before = Math.floor(store.windows.count(ip, endpoint, hour - 1) * (1 - (at - hour)));
  const left = requests - before - store.windows.count(ip, endpoint, hour);
  if (left <= 0) return undefined;
  store.windows.add(ip, endpoint, hour);
  return left - 1;
}

/**
 * Counts a request against the windows of its address, whatever its outcome. A refused request does not count for the window
 * that refuses it. The counts are in the store, so that a new process over the same data continues them.
 */
export function admit(visit: Visit): Admission {
  const path = visit.path.toLowerCase();
  const matching = LIMITS.filter(({ endpoint }) => path.startsWith(endpoint));
  if (matching.length === 0) return { remaining: null };
  return visit.store.write((): Admission => {
    let remaining: string | null = null;
    for (const limit of matching) {
      const left = spendOne(visit, limit);
      if (left === undefined) return { refused: refusal(limit) };
      remaining = String(left);
    }
    return { remaining };
  });
}
