// The public server checks bodies with yup. This imitates yup wherever a client can tell. It reports one problem only, and
// checks an object's fields from the last declared to the first ("1025 tokens" names values, "empty object" names index). It
// reads numbers from text, refuses an empty required text and drops unknown keys. Other validators report other problems.

/** Returns a value as the server reads it, or throws an error that carries a `ShapeProblem`. */
export type Shape<T> = (value: unknown, path: string) => T;

/** The first thing wrong with a body. */
export interface ShapeProblem {
  message: string;
  path: string;
}

const mark = Symbol('shape');

/** Refuses the value at a path. Like yup's own messages, the default one starts with the path. */
export function refuseShape(path: string, problem: string, message = `${path || 'this'} ${problem}`): never {
  throw Object.assign(new Error(message), { [mark]: { message, path } });
}

/** Returns the problem in a caught value; undefined for any other error. */
export function shapeProblem(error: unknown): ShapeProblem | undefined {
  return (error as { [mark]?: ShapeProblem })[mark];
}

/** The value to use if a field is missing, and whether null counts as missing. */
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

/** Any text, even an empty one. Numbers become text. */
export const anyText: Shape<string> = (value, path) => {
  requireGiven(value, path);
  if (typeof value === 'object') refuseType(path, 'string', JSON.stringify(value), value);
  return String(value);
};

/** A required text. To yup, required also means not empty. */
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

/** A required number, or one written as text. Infinity passes if `max` allows it: only the database refuses it. */
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

/** A required truth value, or one written as text. */
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
