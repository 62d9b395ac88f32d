import type { Server } from '../upload/server.ts';
import type { Output } from './output.ts';

/** One warning before anything is sent that names all that was given and will not be kept. */
export function warnNotStored(
  out: Output,
  server: Server,
  dropped: readonly Readonly<Record<string, unknown>>[],
): void {
  const names = [...new Set(dropped.flatMap((fields) => Object.keys(fields)))];
  if (names.length === 0) return;
  out.warn(`${server.name} cannot store ${names.join(', ')}: kept in the receipt only (--receipt FILE)`);
}
