import type { Answer } from './http.ts';

/**
 * The server's clock as it answered, in milliseconds since 1970, and ours where it does not say: instants that it names
 * are by its own, which ours may differ from by hours.
 */
export function serverTime({ headers }: Pick<Answer, 'headers'>): number {
  const said = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(said) ? Date.now() : said;
}
