import { randomUUID } from 'node:crypto';
import { open, readlink, realpath, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError, type ErrorCode } from '../errors.ts';
import { renameFile } from '../upload/rename-file.ts';

/** Fields of one row in a receipt. */
export type ReceiptRow = Readonly<Record<string, unknown>>;

/** The status of a row whose outcome is unknown. */
export const unanswered = 'unknown: sent, and no answer came';

/** Lines written at a time. */
const chunkRows = 1000;

/** What every receipt begins with. */
const firstBytes = '{"type":"receipt"';

/**
 * Checks before anything is sent that a receipt can be written there. It may replace an earlier receipt or an empty file,
 * but no other file, which somebody may need. Error: file_unreadable.
 */
export async function checkReceipt(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  await checkReceiptFolder(path);
  const found = await stat(path).catch(() => undefined);
  if (found && found.size > 0 && !(await isReceipt(path))) {
    throw receiptError(path, { message: 'the file there is not a receipt' }, 'nothing was sent; name another file');
  }
}

/** Checks only that a file can be written there, while the number of receipts is still unknown. Error: file_unreadable. */
export async function checkReceiptFolder(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  if (standardStream.test(path)) {
    throw receiptError(
      path,
      { message: 'it would replace standard output' },
      'nothing was sent; name a file: --receipt receipt.jsonl',
    );
  }
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) {
    const hint = `nothing was sent; name a file in it: ${join(path, 'receipt.jsonl')}`;
    throw receiptError(path, { message: 'it is a folder' }, hint);
  }
  if (found && !found.isFile()) {
    throw receiptError(path, { message: 'it is not a regular file' }, 'nothing was sent; name a file');
  }
  try {
    const draft = draftOf(await targetOf(path));
    await writeFile(draft, '');
    await unlink(draft);
  } catch (cause) {
    throw receiptError(path, cause, 'nothing was sent; choose a file in a folder that you may write to');
  }
}

/** A receipt replaces what its path names, so it cannot go where other output goes. */
const standardStream = /^(-|\/dev\/(std(in|out|err)|fd\/\d+)|\/proc\/self\/fd\/\d+)$/;

async function isReceipt(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (!file) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(firstBytes.length), 0, firstBytes.length, 0);
    return buffer.toString('utf8', 0, bytesRead) === firstBytes;
  } finally {
    await file.close();
  }
}

/** More links in succession lead nowhere; the system gives up at as many. */
const mostLinks = 40;

/** Follows symbolic links, as their target is to be replaced and not the link; it may be missing. Throws if they lead nowhere. */
async function targetOf(path: string): Promise<string> {
  let target = path;
  for (let links = 0; links < mostLinks; links++) {
    const next = await readlink(target).catch(() => undefined);
    if (next === undefined) return target;
    const folder = dirname(target);
    target = resolve(await realpath(folder).catch(() => folder), next);
  }
  throw new Error('its links lead nowhere');
}

/** Returns a random path: parallel shards may be given the same file, and each may be process 1 of its container. */
function draftOf(path: string): string {
  return `${path}.${randomUUID()}.part`;
}

function receiptError(path: string, cause: unknown, hint: string, kind: ErrorCode = 'file_unreadable'): AppError {
  const { code, message, path: draft = path } = cause as NodeJS.ErrnoException;
  const reason = code === 'ENOENT' ? `there is no folder ${dirname(resolve(draft))}` : message;
  return new AppError(kind, `${path}: the receipt cannot be written (${reason})`, {
    hints: [hint],
    cause,
  });
}

const lostHint =
  'the upload itself is not affected; free some space there or name another file, then run the same command again to write the receipt';

/**
 * Writes a receipt as JSON lines: one that says what it is for, then one per row. It appears whole or not at all.
 * Error: output_lost if it cannot be written; no part of it is left then.
 */
export async function writeReceipt(
  path: string,
  head: Readonly<Record<string, unknown>>,
  rows: Iterable<ReceiptRow> | AsyncIterable<ReceiptRow>,
): Promise<void> {
  let draft: string | undefined;
  try {
    const target = await targetOf(path);
    draft = draftOf(target);
    // What it names may be private, so only its owner may read it. A file that is replaced keeps its permissions.
    const mode = (await stat(target).catch(() => undefined))?.mode ?? 0o600;
    const file = await open(draft, 'w', mode & 0o777);
    // `appendFile` writes all of the text; a plain `write` may stop early on a full disk without an error.
    const write = (some: readonly string[]) => file.appendFile(`${some.join('\n')}\n`);
    try {
      let lines = [JSON.stringify({ type: 'receipt', v: 1, writtenAt: new Date().toISOString(), ...head })];
      for await (const row of rows) {
        lines.push(JSON.stringify(row));
        if (lines.length < chunkRows) continue;
        await write(lines);
        lines = [];
      }
      if (lines.length > 0) await write(lines);
      await file.datasync();
    } finally {
      await file.close();
    }
    await renameFile(draft, target);
  } catch (cause) {
    if (draft !== undefined) await unlink(draft).catch(() => undefined);
    if (cause instanceof AppError) throw cause;
    throw receiptError(path, cause, lostHint, 'output_lost');
  }
}

/**
 * Writes a receipt if one is asked for. Returns output_lost instead of throwing it, so that the upload is reported first.
 * Errors: all others of `write`.
 */
export async function receiptLost(
  path: string | undefined,
  write: (path: string) => Promise<void>,
): Promise<AppError | undefined> {
  if (path === undefined) return undefined;
  return write(path).then(
    () => undefined,
    (error) => {
      if (error instanceof AppError && error.code === 'output_lost') return error;
      throw error;
    },
  );
}
