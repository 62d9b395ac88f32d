import { type Answer, answer } from '../answer.ts';
import { halt } from '../halt.ts';

/** Why a server refuses a request; sent as `{"error","code","path"?,…more}`. */
interface Refusal {
  status: number;
  code: string;
  message: string;
  /** The place of the problem in the body, like `features[3].index`. */
  path?: string;
  headers?: Record<string, string>;
  /** Further keys of the answer, such as the quota of a 429. */
  more?: Record<string, unknown>;
}

/** Ends a request with an error answer. Always throws, which rolls back an open write. */
export function refuse(
  status: number,
  code: string,
  message: string,
  extra: Pick<Refusal, 'path' | 'headers' | 'more'> = {},
): never {
  halt(answerRefusal({ status, code, message, ...extra }));
}

/** Refuses with 400 `invalid_field`, naming the place unless `path` is empty. */
export function refuseField(path: string, problem: string): never {
  refuse(400, 'invalid_field', path === '' ? problem : `${path}: ${problem}`, path === '' ? {} : { path });
}

/** Makes the upload protocol's answer from a refusal. */
export function answerRefusal({ status, code, message, path, headers, more }: Refusal): Answer {
  const body = { error: message, code, ...(path === undefined ? {} : { path }), ...more };
  return { ...answer(body, status), ...(headers === undefined ? {} : { headers }) };
}
