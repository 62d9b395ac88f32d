import { Readable, Writable } from 'node:stream';
import { commandSpecs } from '../../src/cli/command-specs.ts';
import { createOutput, type OutputOptions } from '../../src/cli/output.ts';
import { parseOptions } from '../../src/cli/parse-options.ts';
import { parseCommandLine } from '../../src/cli/program.ts';
import { typedCommand } from '../../src/cli/typed-command.ts';
import { type AppError, toAppError } from '../../src/errors.ts';
import type { Ran } from './run-cli.ts';

/** How a command ended, and the error if one was thrown. */
export interface RanHere extends Ran {
  code: number;
  error?: AppError;
}

/** What surrounds a command that runs in this process. */
export interface Around {
  readonly env: Record<string, string>;
  readonly stdin?: string;
  /** Whether somebody is there, who types what is in `stdin`. */
  readonly interactive?: boolean;
  /** Ends the command in order, as a first signal does. */
  readonly stop?: AbortSignal;
  /** Cuts off requests in flight. */
  readonly abort?: AbortSignal;
  readonly options?: Partial<OutputOptions>;
  /** Replaces a stream that is not a terminal. */
  readonly stderr?: NodeJS.WriteStream;
  readonly onStdout?: (text: string) => void;
}

/** Runs a command line as `main` does, without a process of its own: for tests that are not about processes. */
export async function runHere(argv: readonly string[], around: Around): Promise<RanHere> {
  const [stdout, stderr] = [collector(around.onStdout), collector()];
  const defaults = {
    json: argv.includes('--json'),
    quiet: argv.includes('--quiet'),
    verbose: argv.includes('--verbose'),
  };
  const plain = { color: false, progress: true, cursor: true, colorResults: false, unicode: true };
  const streams = { stdout: stdout.stream, stderr: around.stderr ?? stderr.stream };
  const out = createOutput(streams, { ...defaults, ...plain, ...around.options });
  const end = (code: number) => ({ code, stdout: stdout.text(), stderr: stderr.text() });
  try {
    const write = { out: stdout.write, err: stderr.write, json: out.json, columns: undefined };
    const invocation = await parseCommandLine(argv, '0.0.0', write);
    if (!invocation) return end(0);
    const { spec, args, raw } = invocation;
    const options = parseOptions(raw);
    const { run } = await spec.load();
    const never = new AbortController().signal;
    return end(
      await run({
        ...{
          args,
          options,
          out,
          version: '0.0.0',
          interactive: around.interactive ?? false,
        },
        ...typedCommand(argv, options, around.env, process.cwd()),
        read: (words) => parseCommandLine(words, '0.0.0', { ...write, out: () => undefined, err: () => undefined }),
        commands: commandSpecs,
        env: around.env,
        stdin: Readable.from(around.stdin === undefined ? [] : [around.stdin]) as unknown as NodeJS.ReadStream,
        stop: around.stop ?? never,
        abort: around.abort ?? never,
      }),
    );
  } catch (thrown) {
    const error = toAppError(thrown);
    out.error(error);
    return { ...end(error.exitCode), error };
  }
}

function collector(onText?: (text: string) => void) {
  let text = '';
  const write = (chunk: string) => {
    text += chunk;
    onText?.(chunk);
  };
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      write(String(chunk));
      done();
    },
  });
  return { stream: stream as unknown as NodeJS.WriteStream, write, text: () => text };
}
