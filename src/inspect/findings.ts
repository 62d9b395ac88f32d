import type { AppError, ErrorCode } from '../errors.ts';

/** Codes for what may be wrong with a file before it is uploaded. */
export type FindingCode =
  | ErrorCode
  | 'beyond_float32'
  | 'zero_rows'
  | 'duplicate_rows'
  | 'undecodable'
  | 'side_file'
  | 'doubtful'
  | 'left_out';

/** Something that stands in the way of a good upload. `--strict` fails on any finding. */
export interface Finding {
  readonly code: FindingCode;
  /** The file that it is about, with the tensor if there is one. */
  readonly where: string;
  readonly message: string;
  /** The items that the message lists, if there are several. */
  readonly list?: readonly string[];
  /** What would settle it. */
  readonly hint?: string;
  /** How many rows or records it is about. */
  readonly count?: number;
  /** The file cannot be read at all: an error with or without `--strict`. */
  readonly fatal?: true;
}

/** Turns an error about a file into a finding. If the message begins with `where`, that is removed. */
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

/** Adds what an upload would refuse a file for. A finding with the same message keeps its code and gets the hint. */
export function addProblem(findings: Finding[], problem: Finding): void {
  const same = findings.findIndex(({ message }) => message === problem.message);
  if (same < 0) findings.push(problem);
  else findings[same] = { ...problem, code: (findings[same] as Finding).code };
}
