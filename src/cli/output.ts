import { Chalk, type ChalkInstance } from 'chalk';
import { formsOf, redact } from '../api/redact.ts';
import type { AppError } from '../errors.ts';
import { safeJson, safeLine, safeText, wrapNote } from './display-text.ts';
import { jsonVersion } from './json-version.ts';
import { createScreen, type Screen } from './screen.ts';
import { hintsOf } from './usual-hints.ts';

/** The two streams of a process, as far as output needs them. */
export interface Terminal {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  readonly progress: boolean;
  /** Whether the terminal can move its cursor and reports its width. */
  readonly cursor: boolean;
  /** Whether results on stdout may have colour; `color` is for stderr, and either may be a file. */
  readonly colorResults: boolean;
  /** Whether the terminal shows more than ASCII. */
  readonly unicode: boolean;
}

/** The page that results are laid out for: stdout as a person sees it. */
export interface Page {
  readonly columns: number;
  /** Columns that a table may take: unlimited in a file or pipe. */
  readonly room: number;
  readonly unicode: boolean;
  readonly paint: ChalkInstance;
}

/** The only place that writes. stdout carries results (with `--json`, only JSON), stderr everything else for people. */
export interface Output extends OutputOptions {
  readonly stderr: NodeJS.WriteStream;
  readonly paint: ChalkInstance;
  /** Width of the terminal that results go to; undefined if they go elsewhere, or it reports none. */
  readonly columns: number | undefined;
  /** Redraws results in place on a terminal; undefined elsewhere, and with `--json` or `--no-progress`. */
  readonly screen: Screen | undefined;
  readonly page: Page;
  /** A result for people and scripts; silent with `--json`. */
  result(line: string): void;
  /** A document or event on stdout; silent without `--json`. */
  document(value: Readonly<Record<string, unknown>>): void;
  /** Information for people; silent with `--quiet`. */
  note(line: string): void;
  warn(message: string): void;
  /** What to type or look at next; silent with `--quiet`. */
  hint(text: string): void;
  /** Shown with `--verbose` only. */
  detail(line: string): void;
  error(error: AppError): void;
  /** Shows an error to people only: programs get it in a document of its own. */
  complain(error: Pick<AppError, 'code' | 'message' | 'hints' | 'cause'>): void;
  /** Masks a secret in everything written from now on. */
  hide(secret: string): void;
  /** Sends lines for stderr to `write`, which puts them above a progress bar; undefined ends that. */
  setLineWriter(write: ((line: string) => void) | undefined): void;
}

/** The width assumed for a file or pipe, which has none. */
const defaultColumns = 80;

export function createOutput(terminal: Terminal, options: OutputOptions): Output {
  const paint = new Chalk({ level: options.color ? 1 : 0 });
  const secrets = new Set<string>();
  const clean = (text: string) => redact(text, secrets);
  let writeLine: ((line: string) => void) | undefined;
  // Any line may contain names or messages from servers and files, so every line is made safe here.
  const toStderr = (text: string) => {
    const safe = safeLine(clean(text), options.color);
    const { isTTY, columns } = terminal.stderr;
    const fit = (line: string) => wrapNote(line, columns - 1).join('\n');
    const line = isTTY && columns ? safe.split('\n').map(fit).join('\n') : safe;
    if (writeLine) writeLine(line);
    else terminal.stderr.write(`${line}\n`);
  };
  const complain = (error: Pick<AppError, 'code' | 'message' | 'hints' | 'cause'>) => {
    toStderr(`${paint.red('neuronpedia: error:')} ${safeText(error.message)}`);
    for (const hint of hintsOf(error)) toStderr(hintLine(hint));
  };
  const hintLine = (text: string) => `${paint.cyan('neuronpedia: hint:')} ${safeText(text)}`;
  const toStdout = (line: string) => terminal.stdout.write(`${line}\n`);
  const toJson = (value: object) => toStdout(safeJson(clean(JSON.stringify(value))));
  const drawable = terminal.stdout.isTTY && options.cursor && options.progress && !options.json;
  return {
    ...options,
    stderr: terminal.stderr,
    paint,
    get columns() {
      return (terminal.stdout.isTTY && terminal.stdout.columns) || undefined;
    },
    screen: drawable ? createScreen(terminal.stdout, clean) : undefined,
    page: {
      columns: terminal.stdout.columns || defaultColumns,
      room: (terminal.stdout.isTTY && terminal.stdout.columns) || Number.POSITIVE_INFINITY,
      unicode: options.unicode,
      paint: new Chalk({ level: options.colorResults ? 1 : 0 }),
    },
    result: (line) => {
      if (options.json) return;
      const shown = safeLine(clean(line), options.colorResults);
      const { isTTY, columns } = terminal.stdout;
      for (const part of isTTY && columns ? wrapNote(shown, columns) : [shown]) toStdout(part);
    },
    document: (value) => {
      if (options.json) toJson({ v: jsonVersion, ...value });
    },
    note: (line) => {
      if (!options.quiet) toStderr(line);
    },
    warn: (message) => toStderr(`${paint.yellow('neuronpedia: warning:')} ${safeText(message)}`),
    hint: (text) => {
      if (!options.quiet) toStderr(hintLine(text));
    },
    detail: (line) => {
      if (options.verbose) toStderr(paint.dim(safeText(line)));
    },
    error: (error) => {
      complain(error);
      if (options.verbose && error.code === 'bug' && error.cause instanceof Error) toStderr(error.cause.stack ?? '');
      if (options.json) toJson(errorDocument(error));
    },
    complain,
    hide: (secret) => {
      for (const form of formsOf(secret)) secrets.add(form);
    },
    setLineWriter: (write) => {
      writeLine = write;
    },
  };
}

function errorDocument(error: AppError): Record<string, unknown> {
  return {
    v: jsonVersion,
    type: 'error',
    code: error.code,
    exitCode: error.exitCode,
    message: error.message,
    hint: hintsOf(error).join('\n'),
    ...(Object.keys(error.details).length > 0 && { details: error.details }),
  };
}
