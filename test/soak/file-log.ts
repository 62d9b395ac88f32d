import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A line of the log that `preload/file-operations.mjs` writes, in the order in which things happened. */
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
  /** fsync does nothing. */
  readonly noSync?: boolean;
  /** The disk takes this many bytes more. */
  readonly fullAfter?: number;
  /** What every change of a file or folder fails with, such as EROFS. */
  readonly refuse?: string;
  /** The fsync of a file that fails, counted from 0 among all fsyncs; those after it succeed. */
  readonly failSync?: number;
}

const preload = pathToFileURL(join(import.meta.dirname, '../preload/file-operations.mjs')).href;

/** The environment that has a binary log what it does below a folder. */
export function recording(log: string, folder: string, faults: FileFaults = {}): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=${preload}`,
    TEST_FILE_OPERATIONS: JSON.stringify({ log, folder, ...faults }),
  };
}

/** What was logged so far; a line that is being written just now is left out. */
export function readLog(log: string): FileEvent[] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as FileEvent);
}
