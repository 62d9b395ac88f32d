import { AppError, type ErrorCode } from '../errors.ts';

/** Makes an error about an archive, or about one of its members. */
export function zipError(
  code: ErrorCode,
  path: string,
  problem: string,
  member?: string,
  hints: string[] = [],
): AppError {
  const where = member === undefined ? path : whereInZip(path, member);
  const details = { file: path, ...(member !== undefined && { member }) };
  return new AppError(code, `${where}: ${problem}`, { hints, details });
}

/** How errors refer to a member of an archive. */
export function whereInZip(path: string, member: string): string {
  return `${path}: member ${JSON.stringify(member)}`;
}
