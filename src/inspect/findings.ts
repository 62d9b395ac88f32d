import type { AppError, ErrorCode } from '../errors.ts';

/** What may be wrong with a file before it is uploaded. */
export type FindingCode = ErrorCode | 'beyond_float32' | 'zero_rows' | 'duplicate_rows' | 'undecodable' | 'side_file';

/** Something that stands between a file and a good upload; `--strict` fails on any. */
export interface Finding {
  readonly code: FindingCode;
  /** The file, and tensor where there is one, that it is about. */
  readonly where: string;
  readonly message: string;
  /** What the message lists, where that is several things. */
  readonly list?: readonly string[];
  /** What would settle it. */
  readonly hint?: string;
  /** How many rows or records it is about. */
  readonly count?: number;
  /** The file cannot be read at all: an error with or without `--strict`. */
  readonly fatal?: true;
}

/** An error of a layout or a file as a finding of it; the message keeps its own place in front. */
export function findingOf(error: AppError, where: string): Finding {
  const message = error.message.startsWith(`${where}: `) ? error.message.slice(where.length + 2) : error.message;
  const list = error.details.findings;
  const several = Array.isArray(list) && list.length > 1 ? { list: list.map(String) } : {};
  return {
    code: error.code,
    where,
    message,
    ...several,
    ...(error.hints.length > 0 && { hint: error.hints.join('; ') }),
  };
}

/** Adds what an upload would refuse a file for; what was found already only gets its hint. */
export function addProblem(findings: Finding[], problem: Finding): void {
  const same = findings.findIndex(({ message }) => message === problem.message);
  if (same < 0) findings.push(problem);
  else findings[same] = { ...problem, code: (findings[same] as Finding).code };
}
