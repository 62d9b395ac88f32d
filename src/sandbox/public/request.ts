import type { Account } from '../accounts.ts';
import type { Call } from '../route.ts';
import { textProblem } from '../text.ts';
import { refuseError, refuseOpaquely } from './refusals.ts';
import { type Shape, type ShapeProblem, shapeProblem } from './shape.ts';

const UNAUTHORIZED =
  'This endpoint requires authorization. Specify your API key in the header x-api-key. ' +
  'Your API key is under Settings on neuronpedia.org.';

/** Returns the user of a request, or refuses with 401. Only x-api-key counts: "key in Authorization: Bearer is ignored". */
export function requireUser({ account }: Call): Account {
  return account ?? refuseError(401, UNAUTHORIZED);
}

/**
 * Returns the parsed JSON body. "malformed JSON", "empty body", "bare NaN token in the JSON", "Content-Encoding: gzip"
 * (never unpacked) and "body 10.6 MB" (cut, so never whole JSON) are all the opaque 500.
 */
function readJson({ body }: Pick<Call, 'body'>): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    refuseOpaquely();
  }
}

/** Returns the body as this shape. Hands the first problem to `refuse`, which answers in the endpoint's own way. */
export function readAs<T>(call: Call, shape: Shape<T>, refuse: (problem: ShapeProblem) => never): T {
  const body = readJson(call);
  try {
    return shape(body, '');
  } catch (error) {
    const problem = shapeProblem(error);
    if (problem !== undefined) refuse(problem);
    throw error;
  }
}

/** Whether the database can store this text: it holds neither NUL nor a lone surrogate. */
export function isStorable(text: string): boolean {
  return textProblem(text) === undefined;
}
