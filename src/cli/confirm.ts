import { AppError } from '../errors.ts';
import type { CommandContext } from './context.ts';

/** Why `CommandContext.interactive` is false. */
export const whyNotAsked = 'standard input or error is not a terminal, or --no-input is set';

/** Fails early if a deletion needs confirmation and nobody is there to give it. Error: usage. */
export function requireSomebody({ interactive, options }: CommandContext): void {
  if (interactive || options.yes) return;
  throw new AppError('usage', `cannot ask for confirmation before deleting these rows: ${whyNotAsked}`, {
    hints: ['add --yes to go on without asking, or --dry-run to see what would be done'],
  });
}

/** Asks the user; any answer but yes means no. With `--yes`, returns true without asking. */
export async function confirm(context: CommandContext, question: string): Promise<boolean> {
  const { options, stdin, stop, out } = context;
  if (options.yes) return true;
  const { createInterface } = await import('node:readline/promises');
  // With `terminal: false` the tty edits the line itself, so Ctrl-C still arrives as a signal.
  const lines = createInterface({ input: stdin, output: out.stderr, terminal: false });
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('\n')));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal: stop }), closed]);
    if (answer === '\n') out.stderr.write('\n');
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    if (stop.aborted) return false;
    throw error;
  } finally {
    lines.close();
  }
}
