import { readFileSync } from 'node:fs';
import { commandSpecs } from './cli/command-specs.ts';
import type { OptionValues } from './cli/options.ts';
import { createOutput, type Output } from './cli/output.ts';
import { type Invocation, parseCommandLine } from './cli/program.ts';
import { shellWord } from './cli/shell-word.ts';
import { plainKey } from './config/keys.ts';
import { AppError, toAppError } from './errors.ts';
import { listenForSignals } from './signals.ts';

/**
 * Runs one command line and returns its exit code. Beside `signals.ts` the one place that looks at the environment and the
 * standard streams of the process, and the last catch: what is thrown below becomes a report and a code here.
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
    // That the last line could not be written is told a moment after it was.
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
    command: commandToRepeat(argv, options),
    typed: { words: argv, folder: folderHere(), isPart: options.features !== undefined },
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

/** All went well, and whoever reads the output does not learn of it. */
function outputLost(why: string): AppError {
  return new AppError('output_lost', `the output could not be written (${why}); all else was done`, {
    hints: ['make room where it goes, and run the same command again'],
  });
}

/** Of a command line that is read for what it says. */
const silent = { out: () => undefined, err: () => undefined, json: false, columns: undefined };

/** What was typed, with the server that the environment named: pasted elsewhere it must not reach another one. */
function commandToRepeat(argv: readonly string[], options: OptionValues): string {
  const server = process.env.NEURONPEDIA_API_URL;
  const isNamed = options.apiUrl !== undefined || options.sandbox || options.sandboxPublic || !server;
  return ['neuronpedia', ...argv, ...(isNamed ? [] : ['--api-url', server])].map(shellWord).join(' ');
}

/** The keys of the sandbox are in its manual. */
function secretOf(key = ''): string {
  const plain = plainKey(key);
  return plain.startsWith('sandbox-') ? '' : plain;
}

/** A shorter key may stand in another word by chance. */
const leastOfKey = 16;

/** What is typed stands in the shell's history, in the list of processes, and in the checkpoint. Error: usage. */
function refuseKey(argv: readonly string[], key: string): void {
  const holds = (word: string) =>
    word === key || word.endsWith(`=${key}`) || (key.length >= leastOfKey && word.includes(key));
  if (key === '' || !argv.some(holds)) return;
  throw new AppError('usage', 'the API key of NEURONPEDIA_API_KEY stands in the command line', {
    hints: ['leave it out: the variable is enough'],
  });
}

/** Needed before the command line is parsed, for what goes wrong in parsing it. */
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
    // One that tells no width, as those that CI jobs make, would have the spinner clear lines without end.
    cursor: !isCi && env.TERM !== 'dumb' && stderr.columns !== 0 && stdout.columns !== 0,
    progress: !given('--no-progress'),
    colorResults: coloured(stdout),
    unicode: env.TERM !== 'dumb' && saysUnicode(env.LC_ALL || env.LC_CTYPE || env.LANG),
  };
}

/** A locale that is not named says nothing: most terminals show UTF-8 whatever it is. */
function saysUnicode(locale: string | undefined): boolean {
  return !locale || /utf-?8/i.test(locale);
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Nobody reads any more; EIO is a terminal that was closed, EOF a pipe of Windows. */
const closed: ReadonlySet<string> = new Set(['EPIPE', 'EIO', 'EOF']);

/** How long a connection that was cut off while it was made may hold this process after its command has ended. */
const lingerMs = 1_000;

/** Why output that somebody keeps could not be written: its disk is full, most likely. */
let unwritten: string | undefined;

/** What was typed is of no folder where that has been removed. */
function folderHere(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

/**
 * `neuronpedia … | head` is no error of ours, and no reason to leave an upload half done: what nobody reads any more is
 * not written, and the exit code stays true.
 */
function goOnWhenPipesClose(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!closed.has(error.code ?? '')) unwritten ??= error.code ?? error.message;
    });
  }
}
