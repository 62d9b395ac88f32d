import * as z from '../schema.ts';
import { ask, describeIssue, senseless } from './ask.ts';
import type { Http, HttpRequest } from './http.ts';

/** A long array of an answer: the field `key` of its object. */
interface LongArray<T, R> {
  readonly key: string;
  /** What each element must fit. */
  readonly one: z.ZodMiniType<T>;
  /** Called once for each try. */
  collect(): Collector<T, R>;
}

/** Takes elements one at a time and keeps what is wanted of them: all of them may be larger than memory. */
export interface Collector<T, R> {
  take(element: T): void;
  result(): R;
}

/** Asks for an array that may be larger than memory, and returns what is collected from it. Errors: those of `ask`. */
export async function askEach<T, R>(
  http: Http,
  request: HttpRequest,
  { key, one, collect }: LongArray<T, R>,
  doing: string,
): Promise<R> {
  const start = () => {
    const collector = collect();
    let [at, fault] = [0, undefined as string | undefined];
    return {
      take(element: unknown) {
        const parsed = one.safeParse(element);
        if (!parsed.success) fault ??= describeIssue(parsed.error.issues[0], [key, at]);
        else if (fault === undefined) collector.take(parsed.data);
        at++;
      },
      result() {
        if (fault !== undefined) throw senseless(doing, fault);
        return collector.result();
      },
    };
  };
  let reading = start();
  const begin = () => {
    reading = start();
    return reading.take;
  };
  const schema = z.looseObject({ [key]: z.array(z.unknown()) });
  const around = await ask(http, { ...request, elements: { key, begin } }, schema, doing);
  // An array whose name was not recognised as it arrived was read with the rest of the answer.
  for (const element of around[key] as unknown[]) reading.take(element);
  return reading.result();
}
