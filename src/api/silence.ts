import type { Http } from './http.ts';

/** A shorter silence is not worth a line: the next try soon shows how it goes on. */
const leastMs = 10_000;

/** Tells a person who waited `ms` for an answer that the request is sent again; `which` says for which time. */
export function tellSilence({ origin, onSilence }: Http, ms: number, which: string): void {
  if (ms < leastMs) return;
  const time = ms < 90_000 ? `${Math.round(ms / 1000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
  onSilence?.(`no answer from ${origin} for ${time}; asking again (${which})`);
}
