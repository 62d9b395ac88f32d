import { count } from '../../count.ts';
import { AppError, mostListed } from '../../errors.ts';
import type { Finding } from '../../inspect/findings.ts';
import { type Inspection, inspectPath } from '../../inspect/inspect.ts';
import { present } from '../../present.ts';
import { BUILT_IN_MODELS } from '../../sandbox/models.ts';
import type { CommandContext } from '../context.ts';
import { uploadCommands } from '../inspect/commands.ts';
import { inspectionLines } from '../inspect/view.ts';
import { withSpinner } from '../spinner.ts';

/** `inspect PATH`: shows what a file is, what the tool takes it for, and what its rows are like. Contacts no server. */
export async function run(context: CommandContext): Promise<number> {
  const { out, options, stop } = context;
  const [path] = context.args as [string];
  const inspection = await look(context, path);
  if (!inspection) {
    out.document({ type: 'inspect', path, status: 'interrupted' });
    return 130;
  }
  for (const line of inspectionLines(out.page, inspection, options)) out.result(line);
  const error = failure(path, inspection.findings, options.strict ?? false);
  if (error && !out.json) throw error;
  out.document({
    type: 'inspect',
    status: inspection.findings.length > 0 ? 'findings' : 'clean',
    ...inspection,
    commands: uploadCommands(inspection, options),
    ...(error && { error: { code: error.code, exitCode: error.exitCode, message: error.message } }),
  });
  // With --json the error is part of the one document; throwing it would add a second.
  if (error) out.warn(error.message);
  return stop.aborted ? 130 : (error?.exitCode ?? 0);
}

/** Inspects the path. Returns undefined if a signal came first. */
function look({ out, options, stop }: CommandContext, path: string): Promise<Inspection | undefined> {
  const { tensor, orientation, headAxis } = options;
  return withSpinner(out, `reading ${path}`, async (say) => {
    try {
      return await inspectPath(path, {
        ...present({ tensor, orientation, headAxis }),
        models: BUILT_IN_MODELS,
        watch: {
          signal: stop,
          onRows: (done, total) => say(`reading ${path}: ${count(done)} of ${count(total)} rows`),
        },
      });
    } catch (error) {
      if (stop.aborted) return undefined;
      throw error;
    }
  });
}

/** Returns the error that findings amount to: what cannot be read always counts, the rest only with `--strict`. */
function failure(path: string, findings: readonly Finding[], strict: boolean): AppError | undefined {
  const counted = strict ? findings : findings.filter(({ fatal }) => fatal);
  if (counted.length === 0) return undefined;
  const list = counted.slice(0, mostListed).map(({ where, message }) => `${where}: ${message}`);
  const findingsOf = counted.length === 1 ? '1 finding' : `${counted.length} findings`;
  return new AppError('findings', `${path}: ${findingsOf}`, {
    findings: { first: list, count: counted.length },
    hints: strict ? ['without --strict, findings are shown and are no error'] : [],
    details: { file: path, count: counted.length, codes: [...new Set(counted.map(({ code }) => code))] },
  });
}
