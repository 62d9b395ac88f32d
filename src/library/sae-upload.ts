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
  /** Tensor to read, where several could be meant. */
  readonly tensor?: string;
  /** Which axis of a 3-D decoder counts heads. */
  readonly headAxis?: 'first' | 'middle';
  /** Of the SAEs found, only those of these layers: `[[0, 12]]` are layers 0 to 11. */
  readonly layers?: Ranges;
  /** Told of each thing that happens; `source` is the SAE's place on the server, once it is known. */
  readonly onEvent?: (event: UploadEvent & { readonly source?: string }) => void;
}

/** What a front end does around the parts of an upload. Each must run the part that it is given, and return its result. */
export interface SaeHooks {
  /** Around the check of one SAE. */
  checking?<T>(sae: Sae, check: (onEvent: OnEvent) => Promise<T>): Promise<T>;
  /** All is checked and nothing is written yet: `false` ends it here. */
  planned?(prepared: readonly PreparedSae[], server: Server): Promise<boolean>;
  /** Around the sending of one. */
  sending?(prepared: PreparedSae, send: (onEvent: OnEvent) => Promise<JobReport>): Promise<JobReport>;
}

/** How the upload of one SAE ended: with a report, with an error, or (`held`, which says why) before it was begun. */
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

/** Where the rows of an SAE go, as the server names it. */
export function sourceOf({ model, source }: Pick<PreparedSae, 'model' | 'source'>): string {
  return `${model.id}/${source}`;
}
