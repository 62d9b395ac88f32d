import * as z from '../schema.ts';
import type { RequestWindow } from '../upload/pacer.ts';
import { longestPauseMs } from './answer-errors.ts';
import type { Answer } from './http.ts';
import { serverTime } from './server-time.ts';

/** The public server's answer to too many requests from one address. It sends no Retry-After. */
const windowBody = z.looseObject({
  limitPerWindow: z.int().check(z.positive()),
  requestWindow: z.string(),
});

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads the full window from a 429, its length also in the server's words (`said`); undefined for any other answer. */
export function fullWindow(answer: Answer): (RequestWindow & { readonly said: string }) | undefined {
  const said = answer.status === 429 ? windowBody.safeParse(answer.json) : undefined;
  if (!said?.success) return undefined;
  const { limitPerWindow: limit, requestWindow } = said.data;
  const [, amount, unit] = /^\s*(\d+)\s*(ms|s|m|h|d)\s*$/.exec(requestWindow) ?? [];
  const ms = Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN);
  if (!(ms > 0 && ms <= longestPauseMs)) return undefined;
  return { limit, ms, opensInMs: opensIn(ms, serverTime(answer)), said: requestWindow };
}

/** The share of a window to wait for after a new one has begun. */
const firstPart = 0.05;

/**
 * Milliseconds until part of a full window of `ms` is free again; `clock` is the server's, in milliseconds since 1970.
 * Windows are aligned to UTC, and the previous one still counts for the share of it that reaches into a sliding window: at
 * the turn of the hour nothing is free yet, a twentieth of an hour later a twentieth is.
 */
export function opensIn(ms: number, clock: number): number {
  return (Math.floor(clock / ms) + 1 + firstPart) * ms - clock;
}

/** How many more requests the server says it will take; undefined if it does not say. */
export function remainingRequests(answer: Answer): number | undefined {
  const said = answer.headers.get('x-limit-remaining');
  return said !== undefined && /^\d{1,9}$/.test(said) ? Number(said) : undefined;
}
