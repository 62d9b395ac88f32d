// What a system's reason for refusing to open or write a file asks for.

/** Whether something failed because too many files are open; a driver says so in words. */
export function isOutOfFiles(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
    const { code = '', message = '' } = first as NodeJS.ErrnoException;
    if (code === 'EMFILE' || code === 'ENFILE' || /\b(EMFILE|ENFILE|too many open files)\b/i.test(message)) return true;
  }
  return false;
}

/** What helps against each reason why nothing can be written. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space there',
  EDQUOT: 'free some space there: your quota is used up',
  SQLITE_FULL: 'free some space there',
  EFBIG: 'lift the limit on the size of files (ulimit -f)',
  EROFS: 'that disk is mounted to be read only: mount it to be written',
  EACCES: 'make it accessible to this account (ls -ld shows its owner and mode)',
  EPERM: 'make it accessible to this account (ls -ld shows its owner and mode)',
  ENOTDIR: 'remove the file that is where a folder has to be',
};

/** Says what to do about a file or folder that cannot be written; `other` says how to choose another. */
export function writeHint(cause: unknown, other: string): string {
  const remedy = remedies[(cause as NodeJS.ErrnoException).code ?? ''] ?? 'make it a folder that you may write to';
  return `${remedy}, or ${other}`;
}
