import { readFileSync } from 'node:fs';
import { plainKey } from './api/key.ts';
import { commandSpecs } from './cli/command-specs.ts';
import { createOutput, type Output } from './cli/output.ts';
import { type Invocation, parseCommandLine } from './cli/program.ts';
import { typedCommand } from './cli/typed-command.ts';
import { AppError, toAppError } from './errors.ts';
import { listenForSignals } from './signals.ts';

/**
 * Runs one command line and returns its exit code. Only this file and `signals.ts` use the environment and standard streams
 * of the process. It is also the last catch: whatever is thrown below becomes an error report and an exit code here.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const out = createOutput(process, outputOptions(argv));
  const key = secretOf(process.env.NEURONPEDIA_API_KEY);
  out.hide(key);
  goOnWhenPipesClose();
  try {
    const version = readVersion();
    const write = {
      out: (text: string) => process.stdout.write(text),
      err: (text: string) => process.stderr.write(text),
      json: out.json,
      columns: process.stdout.columns,
    };
    refuseKey(argv, key);
    const invocation = await parseCommandLine(argv, version, write);
    const code = invocation ? await runCommand(invocation, argv, version, out) : 0;
    // A failure to write the last line is reported only on a later turn of the event loop.
    await new Promise(setImmediate);
    if (code === 0 && unwritten !== undefined) throw outputLost(unwritten);
    return code;
  } catch (thrown) {
    const error = toAppError(thrown);
    out.error(error);
    return error.exitCode;
  }
}

async function runCommand(
  { spec, args, raw }: Invocation,
  argv: readonly string[],
  version: string,
  out: Output,
): Promise<number> {
  const { isatty, parseOptions, tuneV8 } = await import('./cli/prepare.ts');
  tuneV8();
  const options = parseOptions(raw);
  const { run } = await spec.load();
  const { maxDuration } = options;
  const { untilSignal = false, endsInOrder = false } = spec;
  const signals = listenForSignals(out, { expected: untilSignal, inOrder: endsInOrder });
  const code = await run({
    args,
    options,
    env: process.env,
    out,
    get stdin() {
      return process.stdin;
    },
    interactive: isatty(0) && process.stderr.isTTY === true && options.input !== false,
    version,
    ...typedCommand(argv, options, process.env, folderHere()),
    read: (words) => parseCommandLine(words, version, silent),
    commands: commandSpecs,
    stop: signals.stop,
    abort: signals.abort,
  })
    .catch((thrown) => {
      throw signals.abort.aborted ? signals.stop.reason : thrown;
    })
    .finally(() => {
      if (signals.abort.aborted || maxDuration !== undefined) setTimeout(() => process.exit(), lingerMs).unref();
    });
  return untilSignal ? code : (signals.exitCode() ?? code);
}

/** The error for a command that succeeded but could not write its output. */
function outputLost(why: string): AppError {
  return new AppError('output_lost', `the output could not be written (${why}); everything else succeeded`, {
    hints: ['free some space where the output goes, then run the same command again'],
  });
}

/** Writes nothing: for command lines that are parsed only to be examined. */
const silent = { out: () => undefined, err: () => undefined, json: false, columns: undefined };

/** Returns the key to hide, or '' for a sandbox key: those are printed in the manual. */
function secretOf(key = ''): string {
  const plain = plainKey(key);
  return plain.startsWith('sandbox-') ? '' : plain;
}

/** A shorter key could be part of another word by chance. */
const leastOfKey = 16;

/** Refuses a key on the command line: shell history, process list and checkpoint would show it. Error: usage. */
function refuseKey(argv: readonly string[], key: string): void {
  const holds = (word: string) =>
    word === key || word.endsWith(`=${key}`) || (key.length >= leastOfKey && word.includes(key));
  if (key === '' || !argv.some(holds)) return;
  throw new AppError('usage', 'the command line contains the API key from NEURONPEDIA_API_KEY', {
    hints: ['leave it out: the variable is enough'],
  });
}

/** Reads the output options ahead of the parser, because reporting a parse error needs them. */
function outputOptions(argv: readonly string[]) {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  const given = (flag: string) => words.includes(flag);
  const { env, stderr, stdout } = process;
  const isOff = (value: string) => value === '0' || value === 'false';
  const wanted = env.FORCE_COLOR !== undefined && !isOff(env.FORCE_COLOR);
  const unwanted = given('--no-color') || !!env.NO_COLOR || isOff(env.FORCE_COLOR ?? '');
  // A CI log would keep every redraw of a bar.
  const isCi = !!env.CI && !isOff(env.CI);
  const coloured = (stream: NodeJS.WriteStream) =>
    !unwanted && (wanted || (stream.isTTY === true && env.TERM !== 'dumb'));
  return {
    json: given('--json'),
    quiet: given('--quiet'),
    verbose: given('--verbose'),
    color: coloured(stderr),
    // On a terminal of width 0, as CI jobs often create, the spinner would clear lines without end.
    cursor: !isCi && env.TERM !== 'dumb' && stderr.columns !== 0 && stdout.columns !== 0,
    progress: !given('--no-progress'),
    colorResults: coloured(stdout),
    unicode: env.TERM !== 'dumb' && saysUnicode(env.LC_ALL || env.LC_CTYPE || env.LANG),
  };
}

/** Whether the locale allows Unicode. An unset one does: most terminals show UTF-8 anyway. */
function saysUnicode(locale: string | undefined): boolean {
  return !locale || /utf-?8/i.test(locale);
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Errors that mean nobody reads the output any more. EIO is a closed terminal, EOF a closed pipe on Windows. */
const closed: ReadonlySet<string> = new Set(['EPIPE', 'EIO', 'EOF']);

/** How long a connection aborted while connecting may keep the process alive after its command has ended. */
const lingerMs = 1_000;

/** Why output could not be written although its reader is still there: most likely a full disk. */
let unwritten: string | undefined;

/** Returns the current folder, or `/` if it has been removed. */
function folderHere(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

/**
 * Ignores closed pipes. `neuronpedia … | head` is no error, and no reason to leave an upload half done: output that nobody
 * reads is dropped, and the exit code still says how the command ended. Other write errors are remembered.
 */
function goOnWhenPipesClose(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!closed.has(error.code ?? '')) unwritten ??= error.code ?? error.message;
    });
  }
}
