import { platform } from 'node:os';
import { AppError } from '../errors.ts';
import type { CommandContext } from './context.ts';

/**
 * Reads all of standard input, or only somewhat more than `most` bytes if there are more. Errors: file_unreadable; the
 * reason of `stop` if it fires first.
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
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(error as NodeJS.ErrnoException);
  } finally {
    stop.removeEventListener('abort', cut);
  }
  return Buffer.concat(chunks);
}

function unreadable(cause: NodeJS.ErrnoException): AppError {
  return new AppError('file_unreadable', `standard input cannot be read (${cause.code ?? cause.message})`, {
    hints: ['pipe something into it, or redirect it from a file: < FILE; nohup closes it unless it is redirected'],
    cause,
  });
}
