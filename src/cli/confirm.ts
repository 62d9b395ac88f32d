import { AppError } from '../errors.ts';
import type { CommandContext } from './context.ts';

/** Refuses early where nobody could be asked. Error: usage. */
export function requireSomebody({ interactive, options }: CommandContext, doing: string): void {
  if (interactive || options.yes) return;
  throw new AppError('usage', `nobody is there to confirm ${doing}`, {
    hints: ['add --yes to go on without asking, or --dry-run to see what would be done'],
  });
}

/** Asks a person; anything but yes is no. With `--yes` nobody is asked. */
export async function confirm(context: CommandContext, question: string): Promise<boolean> {
  const { options, stdin, stop, out } = context;
  if (options.yes) return true;
  const { createInterface } = await import('node:readline/promises');
  // The terminal edits the line itself: so Ctrl-C is the signal that it always is.
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
