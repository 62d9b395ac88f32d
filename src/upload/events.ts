/** What an upload tells while it runs. Counts are of rows; `confirmed` is what the server has said it holds. */
export type UploadEvent =
  | { readonly type: 'checking'; readonly rows: number; readonly total: number }
  | { readonly type: 'looking'; readonly rows: number; readonly total: number }
  | { readonly type: 'progress'; readonly confirmed: number; readonly total: number; readonly quota?: QuotaAhead }
  | { readonly type: 'retry'; readonly wait_s: number; readonly attempt: number; readonly why: string }
  /** A wait of minutes or more; `until` is an instant in ISO 8601. */
  | { readonly type: 'waiting'; readonly until: string; readonly why: string }
  /** Requests are spread over the server's window from now on: `left` of them are left, `need` are still to be sent. */
  | { readonly type: 'pacing'; readonly left: number; readonly need: number; readonly interval_s: number }
  /** The server keeps failing this row and takes others. */
  | { readonly type: 'quarantined'; readonly row: number; readonly index?: number; readonly why: string }
  | { readonly type: 'warning'; readonly message: string };

/** A daily quota that is spent before all rows are there. */
export interface QuotaAhead {
  /** Rows that will be confirmed when it is spent. */
  readonly reach: number;
  /** When more may be sent, in ISO 8601; null where the server does not say. */
  readonly resumeAt: string | null;
  /** Days that the rest takes from then on. */
  readonly days: number;
}

export type OnEvent = (event: UploadEvent) => void;
