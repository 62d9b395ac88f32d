import { PassThrough } from 'node:stream';
import { createOutput } from '../../src/cli/output.ts';
import { parseOptions } from '../../src/cli/parse-options.ts';
import { parseCommandLine } from '../../src/cli/program.ts';
import { type AppError, toAppError } from '../../src/errors.ts';

/** How a command line ended, with all that it wrote. */
export interface RanHere {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What it ended with, where that was thrown. */
  readonly error: AppError | undefined;
}

/**
 * Runs a command line as `main` does, in this process: the same parsing, the same commands, the same errors, without half
 * a second for a start. What it writes is kept; `env` is all that it sees of an environment.
 */
export async function runHere(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin = '',
): Promise<RanHere> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) =>
    Object.assign(new PassThrough(), {
      isTTY: false,
      write: (text: string) => {
        written[name] += text;
        return true;
      },
    }) as unknown as NodeJS.WriteStream;
  const out = createOutput(
    { stdout: stream('stdout'), stderr: stream('stderr') },
    {
      json: argv.includes('--json'),
      quiet: false,
      verbose: false,
      color: false,
      cursor: false,
      progress: false,
      colorResults: false,
      unicode: true,
    },
  );
  const never = new AbortController().signal;
  const end = (code: number, error?: AppError): RanHere => ({ code, ...written, error });
  try {
    const invocation = await parseCommandLine(argv, '0.0.0', { out: () => undefined, err: () => undefined });
    if (!invocation) throw new Error('help was asked for');
    const { run } = await invocation.spec.load();
    const code = await run({
      args: invocation.args,
      options: parseOptions(invocation.raw),
      env,
      out,
      stdin: Object.assign(new PassThrough().end(stdin), { isTTY: false }) as unknown as NodeJS.ReadStream,
      interactive: false,
      version: '0.0.0',
      command: ['neuronpedia', ...argv].join(' '),
      stop: never,
      abort: never,
    });
    return end(code);
  } catch (thrown) {
    const error = toAppError(thrown);
    out.error(error);
    return end(error.exitCode, error);
  }
}
