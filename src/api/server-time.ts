import type { Answer } from './http.ts';

/** The year 3000. Anything later is no working clock, and adding to it may go past the last instant a Date can hold. */
const latest = Date.UTC(3000, 0);

/**
 * Returns the server's time when it answered, in milliseconds since 1970, or ours if it does not say. Instants that a server
 * names are by its own clock, which may differ from ours by hours.
 */
export function serverTime({ headers }: Pick<Answer, 'headers'>): number {
  const said = Date.parse(headers.get('date') ?? '');
  return said > 0 && said < latest ? said : Date.now();
}
