import type { Answer } from './http.ts';

/** The year 3000: what is later is no clock, and adding to it may make no instant at all. */
const latest = Date.UTC(3000, 0);

/**
 * The server's clock as it answered, in milliseconds since 1970, and ours where it does not say: instants that it names
 * are by its own, which ours may differ from by hours.
 */
export function serverTime({ headers }: Pick<Answer, 'headers'>): number {
  const said = Date.parse(headers.get('date') ?? '');
  return said > 0 && said < latest ? said : Date.now();
}
