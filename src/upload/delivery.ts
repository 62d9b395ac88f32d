import type { AppError } from '../errors.ts';
import type { Pacer } from './pacer.ts';

/** When a server takes more, and why not now. */
export interface Reopening {
  readonly resumeAt: Date | undefined;
  /** The same as a time from when it was told, whatever our clock says. */
  readonly waitMs?: number;
  /** It is the account's own quota, which its tier sets. */
  readonly ofTier?: boolean;
  readonly why: string;
}

/** What became of one batch, as far as one answer (or its absence) tells. */
export type Outcome =
  /** The server has every row of it. `ids` in row order where the server names rows. */
  | { readonly type: 'stored'; readonly ids?: readonly string[] }
  /** Not stored, for its size: smaller ones may pass. */
  | { readonly type: 'too_large'; readonly why: string }
  /** Not stored: the account's quota is spent. `left` rows may still pass. */
  | ({ readonly type: 'quota'; readonly left: number } & Reopening)
  /** Not stored: too many requests in the server's window. The pacer has been told when to go on. */
  | { readonly type: 'limited'; readonly why: string }
  /** Not stored, now: the server asks to wait. */
  | { readonly type: 'busy'; readonly waitMs: number | undefined; readonly why: string }
  /** Not stored, and never will be. */
  | { readonly type: 'refused'; readonly error: AppError }
  /** Perhaps stored: the answer was lost, or says nothing of it. `answered` says that the server is done with it. */
  | { readonly type: 'unknown'; readonly answered: boolean; readonly waitMs: number | undefined; readonly why: string };

/** What stands around the comma-separated values of a row. */
export type AroundRow = (row: number) => { readonly before: string; readonly after: string };

/** How rows stand in a request body: text around all of them, and around the values of each. */
export interface BodyFormat {
  readonly before: string;
  readonly after: string;
  /** Whether a row's values are written at all; where not, what is around them is all that there is of it. */
  readonly values: boolean;
  /** The text around each of `count` rows from `start` on; a promise where some of it is read for them first. */
  around(start: number, count: number): AroundRow | Promise<AroundRow>;
  /** Bytes that are read for one row, at the most; absent where nothing is. */
  readonly mostRead?: number;
  /** The index that a row goes by on the server, where rows have indices of their own. */
  indexOf?(row: number): number;
}

/** How errors call a row: by its index too, where that is another number. */
export function nameRow({ indexOf }: Pick<BodyFormat, 'indexOf'>, row: number): string {
  const index = indexOf?.(row) ?? row;
  return index === row ? `row ${row}` : `feature ${index} (row ${row})`;
}

/** A row that a server has. */
export interface StoredRow {
  /** SHA-256 of its float32 values, where the server keeps vectors. */
  readonly vectorHash?: string;
  /** The server's name for it, where that is not the row's own index. */
  readonly id?: string;
}

/** What a server was found to have of some rows. */
export interface LookedUp {
  readonly stored: ReadonlyMap<number, StoredRow>;
  /** Rows that are not there and whose name another one has at the same place, with the id of that one. */
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

/** How rows of one kind reach one server. The loop that sends has no branch on what server or kind it is. */
export interface Delivery {
  readonly format: BodyFormat;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxInFlight: number;
  /** What an unknown outcome calls for: `resend` where a repeated key is harmless, `lookup` elsewhere. */
  readonly settle: 'resend' | 'lookup';
  /** The server names rows itself: one whose name was lost can only be found again by what is in it. */
  readonly serverNames: boolean;
  /** When the server takes the next request of this kind. */
  readonly pacer: Pacer;
  /** By what a row can be recognised that the server names itself. */
  identify?(row: number): RowIdentity;
  /** Sends a body of so many rows. */
  send(body: Uint8Array, key: string, signal: AbortSignal, rows: number): Promise<Outcome>;
  /** Which of these rows the server has. Errors: unreachable, server_failing, authentication_failed. */
  lookup(rows: readonly number[]): Promise<LookedUp>;
}
