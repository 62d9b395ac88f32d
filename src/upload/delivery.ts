import type { AppError } from '../errors.ts';
import type { Pacer } from './pacer.ts';

/** When a server takes more again, and why it takes nothing now. */
export interface Reopening {
  readonly resumeAt: Date | undefined;
  /** The same as a duration from the server's answer on, independent of our clock. */
  readonly waitMs?: number;
  /** The limit is the account's own quota, which its tier sets. */
  readonly ofTier?: boolean;
  readonly why: string;
}

/** What became of one batch, as far as one answer (or its absence) tells. */
export type Outcome =
  /** The server has every row of it. `ids` are in row order, if the server names rows. */
  | { readonly type: 'stored'; readonly ids?: readonly string[] }
  /** Not stored because of its size: smaller batches may pass. */
  | { readonly type: 'too_large'; readonly why: string }
  /** Not stored: the account's quota is spent. `left` rows may still pass. */
  | ({ readonly type: 'quota'; readonly left: number } & Reopening)
  /** Not stored: too many requests in the server's window. The pacer has been told when to go on. */
  | { readonly type: 'limited'; readonly why: string }
  /** Not stored this time: the server asks to wait. */
  | { readonly type: 'busy'; readonly waitMs: number | undefined; readonly why: string }
  /** Not stored, and never will be. */
  | { readonly type: 'refused'; readonly error: AppError }
  /** Perhaps stored: no answer, or one that does not tell. `answered`: the server itself gave it, so it is done. */
  | { readonly type: 'unknown'; readonly answered: boolean; readonly waitMs: number | undefined; readonly why: string };

/** The text around the comma-separated values of a row. */
export type AroundRow = (row: number) => { readonly before: string; readonly after: string };

/** How rows are written into a request body: the text around all of them, and around the values of each. */
export interface BodyFormat {
  readonly before: string;
  readonly after: string;
  /** Whether a row's values are written at all; if not, the text around them is all there is of the row. */
  readonly values: boolean;
  /** Returns the text around each of `count` rows from `start` on; a promise if some of it must be read first. */
  around(start: number, count: number): AroundRow | Promise<AroundRow>;
  /** Most bytes that are read for one row; absent if nothing is read. */
  readonly mostRead?: number;
  /** Returns a row's index on the server; absent if that is the row number. */
  indexOf?(row: number): number;
}

/** Names a row in errors, with its index if that is another number. */
export function nameRow({ indexOf }: Pick<BodyFormat, 'indexOf'>, row: number): string {
  const index = indexOf?.(row) ?? row;
  return index === row ? `row ${row}` : `feature ${index} (row ${row})`;
}

/** A row that a server has. */
export interface StoredRow {
  /** SHA-256 of its float32 values, if the server keeps vectors. */
  readonly vectorHash?: string;
  /** The server's name for it, if that is not the row's own index. */
  readonly id?: string;
}

/** What a look-up of some rows has found. */
export interface LookedUp {
  readonly stored: ReadonlyMap<number, StoredRow>;
  /** Rows that are absent although another row at the same place has their name, with the id of that other row. */
  readonly namesakes?: ReadonlyMap<number, string>;
}

/** What is known of a row before the server has named it. */
export interface RowIdentity {
  readonly label: string;
  /** `model/source` that it goes to. */
  readonly place: string;
  /** `looseHash` of its values. */
  readonly hash: string;
}

/** How rows of one kind reach one server. The sending loop itself knows no kinds of servers or rows. */
export interface Delivery {
  readonly format: BodyFormat;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxInFlight: number;
  /** What to do after an unknown outcome: `resend` if a repeated key is harmless, otherwise `lookup`. */
  readonly settle: 'resend' | 'lookup';
  /** Whether the server names rows itself: a row whose name was lost can then only be found by its content. */
  readonly serverNames: boolean;
  /** Tells when the server takes the next request of this kind. */
  readonly pacer: Pacer;
  /** Returns what a row can be recognised by if the server names rows itself. */
  identify?(row: number): RowIdentity;
  /** Sends a body of `rows` rows. */
  send(body: Uint8Array, key: string, signal: AbortSignal, rows: number): Promise<Outcome>;
  /** Looks up which of these rows the server has. Errors: unreachable, server_failing, authentication_failed. */
  lookup(rows: readonly number[]): Promise<LookedUp>;
}
