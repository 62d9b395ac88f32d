import type { Fault } from '../upload/fault-proxy.ts';
import type { ClockHere } from './clock-here.ts';

/** What a case needs to make its faults. */
export interface FaultWorld {
  readonly clock: ClockHere;
  /** Address of the proxy itself. */
  readonly here: () => string;
  /** Address of another host, which no request may ever reach. */
  readonly elsewhere: string;
}

const failing = JSON.stringify({ error: 'Something went wrong on our end.' });
const slowDown = JSON.stringify({ error: 'Too many requests.' });
const html = { 'content-type': 'text/html; charset=utf-8' };
const page = (text: string) => `<!doctype html><html><body>${text}</body></html>`;

const answer = (status: number, body: string, headers: Record<string, string> = {}, commit = false): Fault => ({
  ...{ kind: 'answer', commit, status, headers, body },
});

/** All faults that can hit a request, by their name in reports. */
export const faults = {
  'reset before it arrives': () => ({ kind: 'reset-before' }),
  'reset after the commit': () => ({ kind: 'reset-after' }),
  'reset in mid-answer': () => ({ kind: 'cut-answer' }),
  '500 before the commit': () => answer(500, failing),
  '500 after the commit': () => answer(500, failing, {}, true),
  '502 with a page': () => answer(502, page('Bad gateway'), html),
  '502 with a page, after the commit': () => answer(502, page('Bad gateway'), html, true),
  '504 with JSON': () => answer(504, failing),
  '504 with JSON, after the commit': () => answer(504, failing, {}, true),
  '429 with Retry-After': () => answer(429, slowDown, { 'retry-after': '2' }),
  '429 with Retry-After of an hour': () => answer(429, slowDown, { 'retry-after': '3600' }),
  '429 without Retry-After': () => answer(429, slowDown),
  'cut JSON': () => ({ kind: 'cut-json' }),
  'a log-in page': () => answer(200, page('Please sign in'), html),
  'a slow drip': ({ clock }) => ({ kind: 'trickle', meanwhile: () => clock.trickle(exchangeMs) }),
  'silence before it arrives': ({ clock }) => silence(clock, false),
  'silence after the commit': ({ clock }) => silence(clock, true),
  '413': () => answer(413, 'Request Entity Too Large', { 'content-type': 'text/plain' }),
  'redirect to the same host': ({ here }) => answer(307, '', { location: `${here()}/elsewhere` }),
  'redirect to another host': ({ elsewhere }) => answer(307, '', { location: `${elsewhere}/elsewhere` }),
} satisfies Record<string, (world: FaultWorld) => Fault>;

export type FaultName = keyof typeof faults;

export const faultNames = Object.keys(faults) as FaultName[];

/** Longer than the limit on a whole exchange, and longer than the limit on silence. */
const exchangeMs = 301_000;
const silenceMs = 121_000;

const silence = (clock: ClockHere, commit: boolean): Fault => ({
  ...{ kind: 'silence', commit, meanwhile: () => clock.silence(silenceMs) },
});
