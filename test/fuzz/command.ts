import { Readable, Writable } from 'node:stream';
import { createOutput } from '../../src/cli/output.ts';
import { parseOptions } from '../../src/cli/parse-options.ts';
import { parseCommandLine } from '../../src/cli/program.ts';
import { toAppError } from '../../src/errors.ts';

/** How a command ended, and all that it wrote. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What was thrown, where that is a bug. */
  readonly bug: unknown;
}

/** Runs a command line in this process, as `main` does, with its streams kept instead of shown. */
export async function runCommand(argv: readonly string[], env: Record<string, string>, stdin = ''): Promise<Ran> {
  const [stdout, stderr] = [kept(), kept()];
  const json = argv.includes('--json');
  const out = createOutput(
    { stdout: stdout.stream, stderr: stderr.stream },
    {
      json,
      quiet: false,
      verbose: argv.includes('--verbose'),
      color: false,
      cursor: false,
      progress: false,
      colorResults: false,
      unicode: true,
    },
  );
  let bug: unknown;
  const never = new AbortController().signal;
  const run = async () => {
    const invocation = await parseCommandLine(argv, '0.0.0', { out: () => undefined, err: () => undefined });
    if (!invocation) return 0;
    const { spec, args, raw } = invocation;
    const { run: command } = await spec.load();
    return command({
      ...{ args, options: parseOptions(raw), env, out, version: '0.0.0', command: 'neuronpedia', interactive: false },
      ...{ stdin: Readable.from([stdin]) as NodeJS.ReadStream, stop: never, abort: never },
    });
  };
  const code = await run().catch((thrown: unknown) => {
    const error = toAppError(thrown);
    if (error.code === 'bug') bug = thrown;
    out.error(error);
    return error.exitCode;
  });
  return { code, stdout: stdout.text(), stderr: stderr.text(), bug };
}

function kept() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => chunks.join('') };
}
