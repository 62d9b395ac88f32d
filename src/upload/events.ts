/** What an upload reports while it runs. Counts are rows; `confirmed` are those that the server has said it holds. */
export type UploadEvent =
  | { readonly type: 'checking'; readonly rows: number; readonly total: number }
  | { readonly type: 'looking'; readonly rows: number; readonly total: number }
  | { readonly type: 'progress'; readonly confirmed: number; readonly total: number; readonly quota?: QuotaAhead }
  | { readonly type: 'retry'; readonly wait_s: number; readonly attempt: number; readonly why: string }
  /** A wait of minutes or more; `until` is an instant in ISO 8601. */
  | { readonly type: 'waiting'; readonly until: string; readonly why: string }
  /** Requests are spread over the server's window from now on: `left` of them are left, `need` are still to be sent. */
  | { readonly type: 'pacing'; readonly left: number; readonly need: number; readonly interval_s: number }
  /** The row is left out: the server keeps failing on it and takes others. */
  | { readonly type: 'quarantined'; readonly row: number; readonly index?: number; readonly why: string }
  | { readonly type: 'warning'; readonly message: string };

/** A daily quota that will be spent before all rows are on the server. */
export interface QuotaAhead {
  /** Rows that will be confirmed when it is spent. */
  readonly reach: number;
  /** When more may be sent, in ISO 8601; null if the server does not say. */
  readonly resumeAt: string | null;
  /** Days that the remaining rows take from then on. */
  readonly days: number;
}

export type OnEvent = (event: UploadEvent) => void;
