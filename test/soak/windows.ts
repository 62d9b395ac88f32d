import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJournal } from '../../src/upload/journal-records.ts';

/** The windows in which a kill can hit a batch. */
export const windows = ['before intent', 'intent to send', 'send to answer', 'answer to journal'] as const;
export type Window = (typeof windows)[number];

/** Returns body hashes of the batches that a state folder's journals announce but do not settle. */
export function openIntents(state: string): Set<string> {
  const folder = join(state, 'jobs');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.journal')) : [];
  const open = new Set<string>();
  for (const name of names) {
    const hashes = new Map<number, string>();
    for (const record of decodeJournal(readFileSync(join(folder, name))).records) {
      if (record.t === 'intent') hashes.set(record.batch, record.hash);
      if (record.t === 'stored' || record.t === 'dropped') hashes.delete(record.batch);
    }
    for (const hash of hashes.values()) open.add(hash);
  }
  return open;
}

/** An upload request of a run, as the proxy or the log of the run saw it. */
export interface SeenSend {
  readonly hash: string;
  readonly answered: boolean;
}

/**
 * Tells which window a kill hit, from what was unsettled before and after the run and what was sent in it. Batches in
 * flight may be in different windows: the one aimed at counts if it is among them, else the rarest.
 */
export function tellWindow(
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
  sent: readonly SeenSend[],
  aim: Window | undefined,
): Window {
  const hit = new Set<Window>();
  for (const hash of after) {
    const send = sent.findLast((each) => each.hash === hash);
    if (send) hit.add(send.answered ? 'answer to journal' : 'send to answer');
    else if (!before.has(hash)) hit.add('intent to send');
  }
  if (hit.size === 0) return 'before intent';
  const rarest = (['answer to journal', 'intent to send', 'send to answer'] as const).find((each) => hit.has(each));
  return aim && hit.has(aim) ? aim : (rarest as Window);
}
