import { cutMiddle, safeText } from './display-text.ts';
import type { Output } from './output.ts';

/** Shows a spinner on a terminal while `work` runs; shows nothing elsewhere. */
export async function withSpinner<T>(
  out: Output,
  text: string,
  work: (say: (text: string) => void) => Promise<T>,
): Promise<T> {
  if (out.quiet || !out.progress || !out.stderr.isTTY || !out.cursor) return work(() => undefined);
  const { default: ora } = await import('ora');
  const spinner = ora({
    text: shorten(out, text),
    stream: out.stderr,
    discardStdin: false,
    hideCursor: true,
    color: out.color ? 'cyan' : false,
    spinner: out.unicode ? 'dots' : 'line',
  }).start();
  out.setLineWriter((line) => {
    spinner.clear();
    out.stderr.write(`${line}\n`);
    spinner.render();
  });
  try {
    return await work((now) => {
      spinner.text = shorten(out, now);
    });
  } finally {
    spinner.stop();
    out.setLineWriter(undefined);
  }
}

/** Cuts a long text in the middle: a line that the terminal wraps could not be cleared completely. */
function shorten(out: Output, text: string): string {
  return cutMiddle(safeText(text), (out.stderr.columns || 80) - 3, out.unicode ? '…' : '...');
}
