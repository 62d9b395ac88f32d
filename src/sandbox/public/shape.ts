// The public server checks bodies with yup, and this does what yup does where it shows: one problem only, the fields of
// an object from the last declared to the first ("1025 tokens" names values, "empty object" names index), numbers taken
// from text, a required text not empty, unknown keys dropped. No other checker finds the same problem first.

/** Gives a value as the server takes it, or throws a `ShapeProblem`. */
export type Shape<T> = (value: unknown, path: string) => T;

/** The first thing wrong with a body. */
export interface ShapeProblem {
  message: string;
  path: string;
}

const mark = Symbol('shape');

/** Says what is wrong at a path; the message starts with the path, as yup's own do. */
export function refuseShape(path: string, problem: string, message = `${path || 'this'} ${problem}`): never {
  throw Object.assign(new Error(message), { [mark]: { message, path } });
}

/** The problem that a caught value carries. */
export function shapeProblem(error: unknown): ShapeProblem | undefined {
  return (error as { [mark]?: ShapeProblem })[mark];
}

/** What stands where nothing is given, and whether null may stand there. */
interface Absence<D> {
  otherwise: D;
  nullable?: boolean;
}

/** A field that may be missing. */
export function optional<T, D>(shape: Shape<T>, { otherwise, nullable = false }: Absence<D>): Shape<T | D> {
  return (value, path) => {
    if (value === undefined || (value === null && nullable)) return otherwise;
    if (value === null) refuseShape(path, 'cannot be null');
    return shape(value, path);
  };
}

function requireGiven(value: unknown, path: string): void {
  if (value === undefined || value === null) refuseShape(path, 'is a required field');
}

function refuseType(path: string, type: string, cast: unknown, value: unknown): never {
  const from = Object.is(cast, value) ? '' : ` (cast from the value \`${JSON.stringify(value)}\`)`;
  refuseShape(path, `must be a \`${type}\` type, but the final value was: \`${String(cast)}\`${from}.`);
}

/** Any text, also an empty one; numbers become text. */
export const anyText: Shape<string> = (value, path) => {
  requireGiven(value, path);
  if (typeof value === 'object') refuseType(path, 'string', JSON.stringify(value), value);
  return String(value);
};

/** A required text, which for yup is one that is not empty. */
export function text({ max = Number.POSITIVE_INFINITY }: { max?: number } = {}): Shape<string> {
  return (value, path) => {
    const given = anyText(value, path);
    if (given === '') refuseShape(path, 'is a required field');
    if (given.length > max) refuseShape(path, `must be at most ${max} characters`);
    return given;
  };
}

/** One of a few texts. */
export function oneOf<T extends string>(...values: T[]): Shape<T> {
  return (value, path) => {
    requireGiven(value, path);
    const found = values.find((each) => each === value);
    return found ?? refuseShape(path, `must be one of the following values: ${values.join(', ')}`);
  };
}

/** A required number, also one written as text. Infinity passes: nothing but the database stops it. */
export function number({ min = -Infinity, max = Infinity, integer = false } = {}): Shape<number> {
  return (value, path) => {
    requireGiven(value, path);
    const given = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof given !== 'number' || Number.isNaN(given)) refuseType(path, 'number', Number.NaN, value);
    if (given < min) refuseShape(path, `must be greater than or equal to ${min}`);
    if (given > max) refuseShape(path, `must be less than or equal to ${max}`);
    if (integer && !Number.isInteger(given)) refuseShape(path, 'must be an integer');
    return given;
  };
}

/** A required truth value, also one written as text. */
export const truth: Shape<boolean> = (value, path) => {
  requireGiven(value, path);
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  refuseType(path, 'boolean', value, value);
};

/** A required list. */
export function list<T>(item: Shape<T>, { min = 0, max = Number.POSITIVE_INFINITY } = {}): Shape<T[]> {
  return (value, path) => {
    requireGiven(value, path);
    if (!Array.isArray(value)) refuseType(path, 'array', value, value);
    if (value.length < min) refuseShape(path, `field must have at least ${min} items`);
    if (value.length > max) refuseShape(path, `field must have less than or equal to ${max} items`);
    return value.map((each, i) => item(each, `${path}[${i}]`));
  };
}

/** A required object with these fields. */
export function object<Fields extends Record<string, Shape<unknown>>>(
  fields: Fields,
): Shape<{ [Name in keyof Fields]: ReturnType<Fields[Name]> }> {
  const reversed = Object.entries(fields).reverse();
  return (value, path) => {
    requireGiven(value, path);
    if (typeof value !== 'object' || Array.isArray(value)) refuseType(path, 'object', value, value);
    const given = value as Record<string, unknown>;
    const taken = reversed.map(([name, shape]) => [name, shape(given[name], path === '' ? name : `${path}.${name}`)]);
    return Object.fromEntries(taken.reverse()) as { [Name in keyof Fields]: ReturnType<Fields[Name]> };
  };
}
