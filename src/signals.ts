import { fstatSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { graceMs } from './cli/context.ts';
import type { Output } from './cli/output.ts';
import { AppError } from './errors.ts';

/** What the signals received so far ask of a command. */
export interface Signals {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** The exit code for the first signal, once one has arrived. */
  exitCode(): number | undefined;
}

/** Undoes what a progress bar does to a terminal: it hides the cursor and turns line wrapping off. */
const terminalAsBefore = '\u001b[?7h\u001b[?25h\n';

/**
 * Signals from people, closed terminals, schedulers and (on Windows) Ctrl-Break, with the exit and error code of each. Slurm
 * sends SIGUSR1 or SIGUSR2 some time before a job's time is up, if the job asks for that.
 */
const signalEnds = {
  SIGINT: { code: 130, error: 'interrupted' },
  SIGTERM: { code: 143, error: 'terminated' },
  SIGHUP: { code: 129, error: 'hung_up' },
  SIGUSR1: { code: 138, error: 'user_signal_1' },
  SIGUSR2: { code: 140, error: 'user_signal_2' },
  SIGBREAK: { code: 143, error: 'terminated' },
} as const;

const signalNames = Object.keys(signalEnds) as (keyof typeof signalEnds)[];

/**
 * Whether `nohup` started this, or the script that did. That SIGHUP is ignored cannot be seen here, as Node resets all signals
 * when it starts, but Linux tells it of a script. Shells name the program that they start in `_`, and from a terminal GNU's
 * makes standard input a null device that cannot be read.
 */
function isUnderNohup(): boolean {
  if (basename(process.env._ ?? '') === 'nohup' || parentIgnoresHangUps()) return true;
  try {
    if (fstatSync(0).rdev !== statSync('/dev/null').rdev) return false;
    readSync(0, Buffer.alloc(1));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EBADF';
  }
}

function parentIgnoresHangUps(): boolean {
  try {
    const [, ignored = '0'] =
      /^SigIgn:\s*([\da-f]+)$/m.exec(readFileSync(`/proc/${process.ppid}/status`, 'utf8')) ?? [];
    // The lowest bit is that of signal 1.
    return Number.parseInt(ignored.slice(-1), 16) % 2 === 1;
  } catch {
    return false;
  }
}

/**
 * Whether SIGUSR1 came while Node was starting and nobody could listen yet: Node then has opened a debugger, which shows the
 * key to every local user. Whoever wants one asks Node for it, or for a script that opens it, as editors do.
 */
function isDebuggedBySignal(): boolean {
  const isAskedFor = /inspect|require|import|(^|[ ,])-r/.test(`${process.execArgv} ${process.env.NODE_OPTIONS}`);
  return !isAskedFor && process.getBuiltinModule('node:inspector')?.url() !== undefined;
}

/** Reports an immediate stop: as a note for people, and as the last line for programs that read the output. */
function tellEnd(out: Output, exitCode: number, { code }: AppError): void {
  const hint = 'confirmed rows are recorded: run the same command again to continue';
  out.note(`stopped at once; ${hint}`);
  out.document({ type: 'error', code, exitCode, message: 'stopped at once', hint });
}

/**
 * Listens for signals. The first asks the command to stop; `abort` follows after a grace period if the command ends
 * `inOrder`, never if signals are `expected` (its normal end), and otherwise at once. The second signal ends the process.
 * The journal is safe either way. SIGHUP is ignored under `nohup`.
 */
export function listenForSignals(out: Output, { expected, inOrder }: { expected: boolean; inOrder: boolean }): Signals {
  if (isDebuggedBySignal()) process.exit(signalEnds.SIGUSR1.code);
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
    if (inOrder)
      out.note('stopping as soon as requests in progress have finished; interrupt again to stop immediately');
    const hints = inOrder ? ['progress is saved; run the same command again to continue'] : [];
    const reason = new AppError(end.error, `stopped by ${signal}`, { hints });
    stop.abort(reason);
    if (inOrder) setTimeout(() => abort.abort(), graceMs).unref();
    else if (!expected) abort.abort(reason);
  };
  const hangUp = isUnderNohup() ? () => undefined : handle('SIGHUP');
  for (const signal of signalNames) process.on(signal, signal === 'SIGHUP' ? hangUp : handle(signal));
  // Ctrl-Z and Ctrl-\: restore the terminal before the shell gets it back.
  if (process.platform !== 'win32' && process.stderr.isTTY) {
    process.on('SIGTSTP', () => {
      process.stderr.write(terminalAsBefore);
      process.kill(process.pid, 'SIGSTOP');
    });
    process.once('SIGQUIT', () => {
      process.stderr.write(terminalAsBefore);
      process.kill(process.pid, 'SIGQUIT');
    });
  }
  // conf's when-exit raises each signal again, which would count as a second one from the user: remove its listeners.
  process.on('newListener', (event, listener) => {
    if (signalNames.some((name) => name === event)) setImmediate(() => process.off(event, listener));
  });
  return { stop: stop.signal, abort: abort.signal, exitCode: () => code };
}
