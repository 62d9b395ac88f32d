import type { z as Zod } from 'zod';

// Schemas that options share. Each takes zod as an argument: declaring an option must not load it.

/** A switch. */
export const flag = (z: typeof Zod) => z.boolean();
/** Any text but none. */
export const text = (z: typeof Zod) => z.string().min(1, 'expected some text');

/** A whole number within bounds, both included. */
export const whole = (from: number, to: number) => (z: typeof Zod) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, 'expected a whole number')
    .transform(Number)
    .refine((value) => value >= from && value <= to, `expected ${from} to ${to}`);

/** A number within bounds, both included. */
export const decimal = (from: number, to: number) => (z: typeof Zod) =>
  z
    .string()
    .regex(/^[+-]?(\d+\.?\d*|\.\d+)$/, 'expected a number')
    .transform(Number)
    .refine((value) => value >= from && value <= to, `expected ${from} to ${to}`);

/** One of some words. */
export const choice =
  <const T extends readonly string[]>(...names: T) =>
  (z: typeof Zod) =>
    z.enum(names, { error: `expected ${names.join(' or ')}` });

/** A value that a function reads, or answers undefined to. */
export const parsed =
  <T>(parse: (value: string) => T | undefined, expected: string) =>
  (z: typeof Zod) =>
    z.string().transform((value, context) => {
      const result = parse(value);
      if (result !== undefined) return result;
      context.addIssue(`expected ${expected}`);
      return z.NEVER;
    });
