import { isOutOfFiles } from './file-fault.ts';

/**
 * Every way this tool can fail on purpose, with the exit code that scripts see.
 * New codes may be added; an existing one never changes its meaning.
 */
const exitCodeOf = {
  bug: 1,
  usage: 2,
  no_key: 4,
  authentication_failed: 4,
  upload_not_permitted: 4,
  unreachable: 5,
  server_failing: 5,
  output_lost: 5,
  file_not_found: 6,
  file_unreadable: 6,
  format_unknown: 6,
  format_invalid: 6,
  format_unsupported: 6,
  config_invalid: 6,
  tensor_not_found: 6,
  layout_unknown: 6,
  orientation_unknown: 6,
  wrong_width: 6,
  not_finite: 6,
  rows_out_of_range: 6,
  unknown_model: 6,
  layer_out_of_range: 6,
  option_missing: 6,
  record_invalid: 6,
  findings: 6,
  not_owner: 6,
  cannot_be_stored: 6,
  cannot_explain: 6,
  not_found: 6,
  cannot_steer: 6,
  difference: 7,
  paused: 8,
  outcome_unknown: 9,
  refused: 10,
  not_neuronpedia: 10,
  not_yours: 10,
  feature_exists: 10,
  locked: 11,
  checkpoint_mismatch: 12,
  checkpoint_damaged: 12,
  hung_up: 129,
  interrupted: 130,
  user_signal_1: 138,
  user_signal_2: 140,
  terminated: 143,
} as const;

/** Exit codes that stand for a whole class of errors. */
const keyRefused = 4;
const wrongInput = 6;

export type ErrorCode = keyof typeof exitCodeOf;

export interface ErrorExtras {
  /** What to type or look at next; each becomes one `hint:` line. */
  hints?: readonly string[];
  /** Facts for `--json`: file, tensor, row, found, expected, resume_at, … */
  details?: Readonly<Record<string, unknown>>;
  /** The single things that the message is about. They are listed after it and included in the details. */
  findings?: Findings;
  cause?: unknown;
}

/** How many of several things are listed one by one: enough to see a pattern. */
export const mostListed = 20;

/** The first of several things that are wrong. */
export interface Findings {
  readonly first: readonly string[];
  /** How many there are in all. */
  readonly count: number;
  /** Lines for people that sum up things not listed in `first`. */
  readonly more?: readonly string[];
}

/** Appends findings to a sentence: a single one after a colon, several each on an indented line of its own. */
export function withFindings(sentence: string, { first, count, more = [] }: Findings): string {
  const [only, second] = first;
  if (only === undefined) return sentence;
  if (second === undefined && count === 1) return `${sentence}: ${only}`;
  const some = count > first.length ? ` (the first ${first.length} of ${count})` : '';
  const lines = [...first, ...more].map((finding) => `  ${finding.replaceAll('\n', '\n  ')}`);
  return [`${sentence}${some}:`, ...lines].join('\n');
}

/** What a copy of an error changes or adds. */
export interface Rewording {
  readonly message?: string;
  readonly hints?: readonly string[];
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one error class: a code, a sentence for people, hints, and facts for machines. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hints: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    const { findings } = extras;
    super(
      findings ? withFindings(message, findings) : message,
      extras.cause === undefined ? undefined : { cause: extras.cause },
    );
    this.name = 'AppError';
    this.code = code;
    this.hints = extras.hints ?? [];
    this.details = { ...extras.details, ...(findings && { findings: findings.first }) };
  }

  get exitCode(): number {
    return exitCodeOf[this.code];
  }

  /** Returns a copy with another message, other hints or more details. Details that are already there win. */
  with({ message = this.message, hints = this.hints, details }: Rewording): AppError {
    return new AppError(this.code, message, { hints, details: { ...details, ...this.details }, cause: this });
  }
}

/** Returns the status that a server answered with, if the error comes from an answer. */
export function answeredStatus({ details }: AppError): number | undefined {
  return typeof details.status === 'number' ? details.status : undefined;
}

/** Whether the answer was too large, either for the server, by its own word, or for this tool. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof AppError && (error.details.tooLarge === true || answeredStatus(error) === 413);
}

/** Whether the server may have received the request that failed. */
export function wasSent({ details }: AppError): boolean {
  return details.sent !== false;
}

/** When paused work may go on, if that is known: as an instant, and as a wait counted from when the server named it. */
export function reopeningOf({ details }: AppError): { readonly resumeAt?: Date; readonly waitMs?: number } {
  const { resume_at: at, wait_s: seconds } = details;
  return {
    ...(typeof at === 'string' && { resumeAt: new Date(at) }),
    ...(typeof seconds === 'number' && { waitMs: 1000 * seconds }),
  };
}

/** Whether files or options are wrong, in which case nothing was sent. */
export function isWrongInput(error: unknown): error is AppError {
  return error instanceof AppError && error.exitCode === wrongInput;
}

/** Whether there is no key, or the server refuses it. */
export function isKeyRefused(error: unknown): error is AppError {
  return error instanceof AppError && error.exitCode === keyRefused;
}

/** Whether a server gave no answer, or only failures: it may answer again. */
export function isAway(error: unknown): error is AppError {
  return error instanceof AppError && (error.code === 'unreachable' || error.code === 'server_failing');
}

/** Signals end commands with 128 and their number on Linux, as shells report them there; no other exit code is as high. */
const leastOfSignals = 129;

/** Whether somebody ended the command: Ctrl-C, or another signal. */
export function isStopped(error: unknown): error is AppError {
  return error instanceof AppError && error.exitCode >= leastOfSignals;
}

/** Turns anything thrown into an AppError. Whatever is not one already, or one of the system's limits, is a bug (exit 1). */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (isOutOfFiles(thrown)) return new AppError('file_unreadable', message, { cause: thrown });
  return new AppError('bug', `unexpected: ${message}`, {
    hints: ['this is a bug in neuronpedia-cli; run again with --verbose to see where it happened'],
    cause: thrown,
  });
}
