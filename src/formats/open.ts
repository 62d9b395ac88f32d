import { extname } from 'node:path';
import { AppError } from '../errors.ts';
import { type ByteSource, openFile, readBytes } from '../tensor/byte-source.ts';
import { arrow } from './arrow.ts';
import type { Contents, Format, TensorFile } from './format.ts';
import { json } from './json.ts';
import { npy } from './npy.ts';
import { npz } from './npz.ts';
import { safetensors } from './safetensors.ts';
import { safetensorsIndex } from './safetensors-index.ts';
import { nameStranger } from './strangers.ts';

/** Every format that weights are read from. */
export const formats: readonly Format[] = [npy, npz, safetensors, arrow, safetensorsIndex, json];

/** Enough of a file to recognise every format and every stranger. */
const headBytes = 512;

/**
 * Opens a weight file, recognised by its bytes and not its name. Checks its header against its size. Close it when done.
 * Errors: file_not_found, file_unreadable, format_unknown, format_invalid, format_unsupported, record_invalid.
 */
export async function openTensorFile(path: string): Promise<TensorFile> {
  const bytes = await openFile(path);
  try {
    const format = await recognise(path, bytes);
    const opened = await format.open(path, bytes);
    // The heads of a crosscoder share a file, and each of them closes it.
    let closed: Promise<void> | undefined;
    const close = () => {
      closed ??= closeBoth(opened, bytes);
      return closed;
    };
    return { ...opened, path, format: format.name, close };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

async function closeBoth(contents: Contents, bytes: ByteSource): Promise<void> {
  try {
    await contents.close?.();
  } finally {
    await bytes.close();
  }
}

async function recognise(path: string, bytes: ByteSource): Promise<Format> {
  if (bytes.size === 0) {
    throw new AppError('format_invalid', `${path}: is empty (0 bytes)`, { details: { file: path } });
  }
  const head = await readBytes(bytes, 0, Math.min(headBytes, bytes.size));
  const known = formats.find((format) => format.sniff(head));
  if (known) return known;
  const claimed = formats.find((format) => extname(path).toLowerCase() === `.${format.name}`);
  const stranger = nameStranger(head, claimed === undefined);
  if (stranger) {
    throw new AppError('format_unknown', `${path}: is ${stranger.what}`, {
      hints: [stranger.hint],
      details: { file: path },
    });
  }
  // Its first bytes are damaged. The format that the name claims can best say what is wrong.
  if (claimed) return claimed;
  throw new AppError(
    'format_unknown',
    `${path}: is not in a known format; .npy, .npz, .safetensors, .arrow and .json are recognised by their contents, .jsonl by its name`,
    {
      hints: [`its first bytes are ${JSON.stringify(Buffer.from(head.subarray(0, 16)).toString('latin1'))}`],
      details: { file: path },
    },
  );
}
