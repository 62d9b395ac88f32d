import { graceMs } from './cli/context.ts';
import type { Output } from './cli/output.ts';
import { AppError } from './errors.ts';

/** What signals ask of a command. */
export interface Signals {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** That of the signal, once one has come. */
  exitCode(): number | undefined;
}

/** A progress bar hides the cursor, and has lines cut where they would wrap. */
const terminalAsBefore = '\u001b[?7h\u001b[?25h\n';

/** What a person, a closed terminal and a scheduler send; on Windows Ctrl-Break, too. With what each ends in. */
const signalEnds = {
  SIGINT: { code: 130, error: 'interrupted' },
  SIGTERM: { code: 143, error: 'terminated' },
  SIGHUP: { code: 129, error: 'hung_up' },
  SIGBREAK: { code: 143, error: 'terminated' },
} as const;

const signalNames = Object.keys(signalEnds) as (keyof typeof signalEnds)[];

/** Also the last line of a program that reads along. */
function tellEnd(out: Output, exitCode: number, { code }: AppError): void {
  const hint = 'what was confirmed is noted: run the same command again to go on';
  out.note(`stopped at once; ${hint}`);
  out.document({ type: 'error', code, exitCode, message: 'stopped at once', hint });
}

/**
 * The first signal asks the command to end, in order where that takes something: then `abort` follows after a grace. The second
 * ends the process: the journal is safe either way. Where signals are `expected`, they are nothing to tell.
 */
export function listenForSignals(out: Output, { expected, inOrder }: { expected: boolean; inOrder: boolean }): Signals {
  const stop = new AbortController();
  const abort = new AbortController();
  let code: number | undefined;
  const handle = (signal: keyof typeof signalEnds) => () => {
    if (code !== undefined) {
      if (process.stderr.isTTY) process.stderr.write(terminalAsBefore);
      out.setLineWriter(undefined);
      if (inOrder) tellEnd(out, code, stop.signal.reason as AppError);
      process.exit(code);
    }
    const end = signalEnds[signal];
    code = end.code;
    if (inOrder) out.note('stopping: what has begun ends first; once more to stop at once');
    const hints = inOrder ? ['progress is saved; run the same command again to go on'] : [];
    const reason = new AppError(end.error, `stopped by ${signal}`, { hints });
    stop.abort(reason);
    if (inOrder) setTimeout(() => abort.abort(), graceMs).unref();
    else if (!expected) abort.abort(reason);
  };
  for (const signal of signalNames) process.on(signal, handle(signal));
  // Ctrl-Z: the shell gets its terminal back as it was.
  if (process.platform !== 'win32' && process.stderr.isTTY) {
    process.on('SIGTSTP', () => {
      process.stderr.write(terminalAsBefore);
      process.kill(process.pid, 'SIGSTOP');
    });
  }
  // conf's when-exit listens too, and raises each signal a second time: to us that would be the user's second.
  process.on('newListener', (event, listener) => {
    if (signalNames.some((name) => name === event)) setImmediate(() => process.off(event, listener));
  });
  return { stop: stop.signal, abort: abort.signal, exitCode: () => code };
}
