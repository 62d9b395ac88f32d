import { platform } from 'node:os';
import type { CommandContext } from './context.ts';

/**
 * Reads all of standard input, or only somewhat more than `most` bytes if there are more. Error: the reason of `stop` if it
 * fires first.
 */
export async function readStandardInput(
  { stdin, stop, out }: Pick<CommandContext, 'stdin' | 'stop' | 'out'>,
  most: number,
): Promise<Buffer> {
  stop.throwIfAborted();
  if (stdin.isTTY)
    out.note(`reading standard input; end it with ${platform() === 'win32' ? 'Ctrl-Z and Enter' : 'Ctrl-D'}`);
  const cut = () => stdin.destroy(stop.reason);
  stop.addEventListener('abort', cut, { once: true });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stdin) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      if (size > most) break;
    }
  } finally {
    stop.removeEventListener('abort', cut);
  }
  return Buffer.concat(chunks);
}
