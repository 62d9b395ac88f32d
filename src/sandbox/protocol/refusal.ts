import { type Answer, answer } from '../answer.ts';

/** What a server says instead of doing what it was asked; becomes `{"error","code","path"?,…more}`. */
export interface Refusal {
  status: number;
  code: string;
  message: string;
  /** Where in the body the trouble is, like `features[3].index`. */
  path?: string;
  headers?: Record<string, string>;
  /** Further keys of the answer, such as the quota of a 429. */
  more?: Record<string, unknown>;
}

const mark = Symbol('refusal');

/** Ends the handling of a request with an error answer: always throws, and rolls back an open write. */
export function refuse(
  status: number,
  code: string,
  message: string,
  extra: Pick<Refusal, 'path' | 'headers' | 'more'> = {},
): never {
  throw Object.assign(new Error(message), { [mark]: { status, code, message, ...extra } });
}

/** Refuses with 400 `invalid_field`, naming the place. */
export function refuseField(path: string, problem: string): never {
  refuse(400, 'invalid_field', path === '' ? problem : `${path}: ${problem}`, path === '' ? {} : { path });
}

/** The refusal that a caught value carries; undefined for any other error. */
export function refusalOf(error: unknown): Refusal | undefined {
  return typeof error === 'object' && error !== null ? (error as { [mark]?: Refusal })[mark] : undefined;
}

/** The answer of the upload protocol to a request it refuses. */
export function answerRefusal({ status, code, message, path, headers, more }: Refusal): Answer {
  const body = { error: message, code, ...(path === undefined ? {} : { path }), ...more };
  return { ...answer(body, status), ...(headers === undefined ? {} : { headers }) };
}
