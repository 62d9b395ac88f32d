import * as z from '../schema.ts';
import { ask, describeIssue, senseless } from './ask.ts';
import type { Http, HttpRequest } from './http.ts';

/** A long array of an answer: the field `key` of its object. */
interface LongArray<T, R> {
  readonly key: string;
  /** What each element must fit. */
  readonly one: z.ZodMiniType<T>;
  /** What is kept of an element; undefined for nothing. */
  keep(element: T): R | undefined;
}

/** Asks for an array that may be larger than memory, and returns what is kept of its elements. Errors: those of `ask`. */
export async function askEach<T, R>(
  http: Http,
  request: HttpRequest,
  { key, one, keep }: LongArray<T, R>,
  doing: string,
): Promise<R[]> {
  let kept: R[] = [];
  let fault: string | undefined;
  const begin = () => {
    kept = [];
    fault = undefined;
    let at = 0;
    return (element: unknown) => {
      const parsed = one.safeParse(element);
      if (!parsed.success) fault ??= describeIssue(parsed.error.issues[0], [key, at]);
      const found = parsed.success && fault === undefined ? keep(parsed.data) : undefined;
      if (found !== undefined) kept.push(found);
      at++;
    };
  };
  const around = z.looseObject({ [key]: z.array(z.unknown()) });
  await ask(http, { ...request, elements: { key, begin } }, around, doing);
  if (fault !== undefined) throw senseless(doing, fault);
  return kept;
}
