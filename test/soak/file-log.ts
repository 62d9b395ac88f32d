import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A line of the log that `preload/file-operations.mjs` writes, in the order of events. */
export type FileEvent = { readonly n: number } & (
  | { readonly op: 'create' | 'open'; readonly path: string; readonly ino: number }
  | { readonly op: 'write'; readonly ino: number; readonly data: string }
  | { readonly op: 'truncate'; readonly ino: number; readonly length: number }
  | { readonly op: 'mkdir'; readonly path: string; readonly first: string }
  | { readonly op: 'rename' | 'link'; readonly from: string; readonly to: string }
  | { readonly op: 'unlink'; readonly path: string }
  | { readonly op: 'sync-begin' | 'sync-end'; readonly path: string; readonly ino: number; readonly id: number }
  | { readonly op: 'send' | 'answer'; readonly path: string; readonly hash: string }
);

export interface FileFaults {
  /** The process ends with SIGKILL as soon as this line is written. */
  readonly killAt?: number;
  /** Makes fsync do nothing. */
  readonly noSync?: boolean;
  /** How many more bytes fit on the disk. */
  readonly fullAfter?: number;
  /** The error code of every change of a file or folder, such as EROFS. */
  readonly refuse?: string;
  /** Which fsync fails, if it is of a file: counted from 0 among all fsyncs. Later ones succeed. */
  readonly failSync?: number;
}

const preload = pathToFileURL(join(import.meta.dirname, '../preload/file-operations.mjs')).href;

/** Returns the environment that makes a binary log what it does below a folder. */
export function recording(log: string, folder: string, faults: FileFaults = {}): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=${preload}`,
    TEST_FILE_OPERATIONS: JSON.stringify({ log, folder, ...faults }),
  };
}

/** Reads what has been logged so far, without a line that is still being written. */
export function readLog(log: string): FileEvent[] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as FileEvent);
}
