/** What an upload tells while it runs. Counts are of rows; `confirmed` is what the server has said it holds. */
export type UploadEvent =
  | { readonly type: 'checking'; readonly rows: number; readonly total: number }
  | { readonly type: 'looking'; readonly rows: number; readonly total: number }
  | { readonly type: 'progress'; readonly confirmed: number; readonly total: number }
  | { readonly type: 'retry'; readonly wait_s: number; readonly attempt: number; readonly why: string }
  | { readonly type: 'warning'; readonly message: string };

export type OnEvent = (event: UploadEvent) => void;
