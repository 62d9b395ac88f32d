import type { AppError } from '../errors.ts';
import type { Sae } from '../layouts/sae.ts';
import type { Ranges } from '../tensor/ranges.ts';
import type { OnEvent, UploadEvent } from '../upload/events.ts';
import type { PreparedSae, SaeOptions } from '../upload/kinds/prepared-sae.ts';
import type { JobReport } from '../upload/run.ts';
import type { Server } from '../upload/server.ts';
import type { RunOptions } from './run-options.ts';

/** What to upload of the SAEs under some paths, where to, and how. */
export interface SaeUpload extends SaeOptions, RunOptions {
  /** Tensor to read, if several could be meant. */
  readonly tensor?: string;
  /** Which axis of a 3-D decoder counts heads. */
  readonly headAxis?: 'first' | 'middle';
  /** Only the SAEs of these layers, among those found: `[[0, 12]]` means layers 0 to 11. */
  readonly layers?: Ranges;
  /**
   * Called with each event; `source` is the SAE's place on the server, once it is known. What it throws ends the upload, and
   * so does a promise that rejects while the upload runs.
   */
  readonly onEvent?: (event: UploadEvent & { readonly source?: string }) => void;
}

/** What a front end does around the parts of an upload. A hook that is given a part must run it and return its result. */
export interface SaeHooks {
  /** Called with what there is to say of a folder that holds no SAE, unlike those beside it. */
  leftOut?(warning: string): void;
  /** Around the check of one SAE. */
  checking?<T>(sae: Sae, check: (onEvent: OnEvent) => Promise<T>): Promise<T>;
  /** Called when everything is checked and nothing is written yet; `false` ends the upload here. */
  planned?(prepared: readonly PreparedSae[], server: Server): Promise<boolean>;
  /** Around the sending of one SAE. */
  sending?(prepared: PreparedSae, send: (onEvent: OnEvent) => Promise<JobReport>): Promise<JobReport>;
}

/** How the upload of one SAE ended: with a report, with an error, or before it began (`held` says why). */
export type SaeEnd = {
  readonly source: string;
  readonly prepared: PreparedSae;
} & (
  | { readonly report: JobReport; readonly error?: never; readonly held?: never }
  | { readonly error: AppError; readonly report?: never; readonly held?: never }
  | { readonly held: Held; readonly report?: never; readonly error?: never }
);

/** Why an upload was not begun. */
export type Held = Pick<JobReport, 'end'>;

/** Returns the place where an SAE's rows go, as the server names it: `model/source`. */
export function sourceOf({ model, source }: Pick<PreparedSae, 'model' | 'source'>): string {
  return `${model.id}/${source}`;
}
