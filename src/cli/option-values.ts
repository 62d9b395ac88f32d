import type * as zod from '../schema.ts';

// Schemas that options share. Each takes zod as an argument: declaring an option must not load it.

/** The parts of zod that options use, so that a bundle contains no more of it. */
export type Zod = Pick<
  typeof zod,
  'array' | 'boolean' | 'enum' | 'NEVER' | 'pipe' | 'refine' | 'regex' | 'string' | 'transform' | 'url'
>;

/** A switch. */
export const flag = (z: Zod) => z.boolean();
/** Any text that is not empty. */
export const text = (z: Zod) => z.string().check(z.regex(/./s, 'expected some text'));
/** A text that is not only white space. */
export const words = (z: Zod) => z.string().check(z.regex(/\S/, 'expected some text'));

/** A finite number, as people write one. */
export const decimal = (z: Zod) =>
  z
    .pipe(z.string().check(z.regex(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, 'expected a number')), z.transform(Number))
    .check(z.refine(Number.isFinite, 'expected a finite number'));

/** A whole number within bounds, both included. */
export const whole = (from: number, to: number) => (z: Zod) =>
  z
    .pipe(z.string().check(z.regex(/^-?\d{1,15}$/, 'expected a whole number')), z.transform(Number))
    .check(z.refine((value) => value >= from && value <= to, `expected ${from} to ${to}`));

/** A number within bounds, both included. */
export const decimalWithin = (from: number, to: number) => (z: Zod) =>
  decimal(z).check(z.refine((value) => value >= from && value <= to, `expected ${from} to ${to}`));

/** One of a fixed set of words: its schema, and the choices that shell completion offers. */
export const oneOf = <const T extends readonly string[]>(...choices: T) => ({
  choices,
  schema: (z: Zod) => z.enum(choices, { error: `expected ${choices.join(' or ')}` }),
});

/** For an option that may be given several times: parses each value by itself. */
export const each =
  <T extends zod.ZodMiniType>(schema: (z: Zod) => T) =>
  (z: Zod) =>
    z.array(schema(z));

const parsing =
  <Typed extends zod.ZodMiniType>(typed: (z: Zod) => Typed) =>
  <T>(parse: (value: zod.infer<Typed>) => T | undefined, expected: string) =>
  (z: Zod) =>
    z.pipe(
      typed(z),
      z.transform((value: zod.infer<Typed>, context) => {
        const result = parse(value);
        if (result !== undefined) return result;
        context.issues.push({ code: 'custom', input: value, message: `expected ${expected}` });
        return z.NEVER;
      }),
    );

/** A value read by `parse`, which returns undefined for an invalid one. */
export const parsed = parsing((z) => z.string());

/** The same for an option that may be given several times: `parse` gets all its values. */
export const parsedAll = parsing((z) => z.array(z.string()));
