import { inspect } from 'node:util';
import { didYouMean } from './closest.ts';
import { AppError } from './errors.ts';

// Scripts are often not type-checked, so the library checks what it is given. Each option has one rule.

/** What a value has to be. */
export interface Rule {
  /** In the words of an error: `expected …`. */
  readonly expected: string;
  fits(value: unknown): boolean;
  /** Whether the value must be given. */
  readonly needed?: boolean;
  readonly hint?: string;
  /** Rules for the parts of an object. */
  readonly parts?: Readonly<Record<string, Rule>>;
  /** The rule for each element of an array. */
  readonly each?: Rule;
}

/** A rule for each option of a type, so that none is forgotten. */
export type RulesFor<T> = { readonly [K in keyof Required<T>]: Rule };

/**
 * Checks options by their rules; what is undefined counts as absent. Error: usage, naming the first that is wrong or no
 * option at all: with `visibility` in the wrong place, say, a private upload would be public.
 */
export function checkOptions(options: unknown, rules: Readonly<Record<string, Rule>>): void {
  checkValue('the argument for options', options, object('an object'));
  checkParts(options, rules, '');
}

/** Checks one value. Error: usage. */
export function checkValue(name: string, value: unknown, { fits, expected, hint, parts, each }: Rule): void {
  if (!fits(value)) {
    const found = value === undefined ? 'is missing' : `is ${shown(value)}`;
    const hints = hint === undefined ? [] : [hint];
    throw new AppError('usage', `${name} ${found}: expected ${expected}`, { hints, details: { option: name } });
  }
  if (parts) checkParts(value, parts, `${name}.`);
  if (each) for (const [i, one] of (value as readonly unknown[]).entries()) checkValue(`${name}[${i}]`, one, each);
}

function checkParts(given: unknown, rules: Readonly<Record<string, Rule>>, within: string): void {
  for (const [name, value] of Object.entries(given as object)) {
    if (value !== undefined && !Object.hasOwn(rules, name)) throw unknownOption(within + name, name, rules);
  }
  for (const [name, rule] of Object.entries(rules)) {
    const value = (given as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && !Object.hasOwn(given as object, name)) throw inherited(within + name);
    if (value !== undefined || rule.needed) checkValue(within + name, value, rule);
  }
}

/** Options are passed on by spreading them, which leaves out what an object inherits. */
function inherited(path: string): AppError {
  return new AppError('usage', `${path} is inherited: expected it on the object itself`, {
    hints: [`copy it: { ${path}: options.${path} }`],
    details: { option: path },
  });
}

function unknownOption(path: string, name: string, rules: Readonly<Record<string, Rule>>): AppError {
  const home = Object.keys(rules).find((one) => Object.hasOwn(rules[one]?.parts ?? {}, name));
  const all = [...didYouMean(name, Object.keys(rules)), `there are ${Object.keys(rules).join(', ')}`];
  return new AppError('usage', `${path} is no option`, {
    hints: home === undefined ? all : [`it belongs into ${home}: { ${home}: { ${name}: … } }`],
    details: { option: path },
  });
}

/** Describes a value in a few words. Of an object, only numbers are shown: a text in it may be a key. */
function shown(value: unknown): string {
  if (!isObject(value) || Array.isArray(value))
    return inspect(value, { depth: 1, maxArrayLength: 3, maxStringLength: 60, breakLength: Number.POSITIVE_INFINITY });
  const parts = ArrayBuffer.isView(value) ? [] : Object.entries(value);
  if (parts.length === 0) return `of type ${value.constructor?.name ?? 'Object'}`;
  const some = parts.slice(0, 3).map(([name, part]) => (typeof part === 'number' ? `${name} ${part}` : name));
  return `an object with ${some.join(', ')}${parts.length > 3 ? ', …' : ''}`;
}

/** Whether a value is an object of any kind. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** The same rule for a value that must be given. */
export const needed = (rule: Rule): Rule => ({ ...rule, needed: true });

const ofType = (type: string, expected: string): Rule => ({ expected, fits: (value) => typeof value === type });

/** Any string, even an empty one. */
export const string = ofType('string', 'a string');
/** A string that is not empty. */
export const text: Rule = { expected: 'some text', fits: (value) => typeof value === 'string' && value !== '' };
/** A switch. */
export const flag = ofType('boolean', 'true or false');
/** A function. */
export const callback = ofType('function', 'a function');
/** Any number: whether it can be right is checked later, with more knowledge. */
export const number = ofType('number', 'a number');

/** A number within bounds, both included. */
export const within = (from: number, to: number): Rule => ({
  expected: `a number from ${from} to ${to}`,
  fits: (value) => typeof value === 'number' && value >= from && value <= to,
});

/** A whole number within bounds, both included. */
export const whole = (from: number, to = Number.MAX_SAFE_INTEGER): Rule => ({
  expected: to === Number.MAX_SAFE_INTEGER ? `a whole number, ${from} or more` : `a whole number from ${from} to ${to}`,
  fits: (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
});

/** One of some words. */
export const oneOf = (...choices: readonly string[]): Rule => ({
  expected: choices.map((choice) => `'${choice}'`).join(' or '),
  fits: (value) => choices.some((choice) => choice === value),
});

/** An object, of any parts or of those that have rules; no array, Map or the like. */
export const object = (expected: string, parts?: Readonly<Record<string, Rule>>): Rule => ({
  expected,
  fits: (value) => ['[object Object]', '[object Module]'].includes(Object.prototype.toString.call(value)),
  ...(parts && { parts }),
});

/** An array of which each element fits a rule. */
export const listOf = (rule: Rule, expected: string): Rule => ({
  expected,
  fits: Array.isArray,
  each: rule,
});

/** The `signal` of an AbortController. */
export const signal: Rule = {
  expected: 'the `signal` of an AbortController',
  fits: (value) =>
    isObject(value) && typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function',
};
