import { AppError } from '../errors.ts';

/** The error for a file that breaks the format's rules. */
export function invalid(file: string, problem: string, cause?: unknown): AppError {
  return new AppError('format_invalid', `${file}: ${problem}`, { details: { file }, cause });
}

/** The error for a file that may be valid but has something in it that this tool does not read. */
export function unsupported(file: string, problem: string, hint: string): AppError {
  return new AppError('format_unsupported', `${file}: ${problem}`, { hints: [hint], details: { file } });
}

/** Why a column is no tensor: a null, or a row of another length. It matters only if that column is needed. */
export class ColumnProblem extends Error {
  readonly row: number;

  constructor(row: number, what: string) {
    super(`row ${row} ${what}`);
    this.row = row;
  }
}
