import type { Server } from '../upload/server.ts';
import type { Output } from './output.ts';

/** Warns once, before anything is sent, about everything given that the server will not keep. */
export function warnNotStored(
  out: Output,
  server: Server,
  dropped: readonly Readonly<Record<string, unknown>>[],
): void {
  const names = [...new Set(dropped.flatMap((fields) => Object.keys(fields)))];
  if (names.length === 0) return;
  out.warn(`${server.name} cannot store ${names.join(', ')}: kept in the receipt only (--receipt FILE)`);
}
