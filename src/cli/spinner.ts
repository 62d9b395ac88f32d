import type { Output } from './output.ts';

/** Shows a spinner on a terminal while something takes a moment; says nothing elsewhere. */
export async function withSpinner<T>(
  out: Output,
  text: string,
  work: (say: (text: string) => void) => Promise<T>,
): Promise<T> {
  if (out.quiet || !out.progress || !out.stderr.isTTY) return work(() => undefined);
  const { default: ora } = await import('ora');
  const spinner = ora({ text, stream: out.stderr, discardStdin: false, hideCursor: true }).start();
  out.setLineWriter((line) => {
    spinner.clear();
    out.stderr.write(`${line}\n`);
    spinner.render();
  });
  try {
    return await work((now) => {
      spinner.text = now;
    });
  } finally {
    spinner.stop();
    out.setLineWriter(undefined);
  }
}
