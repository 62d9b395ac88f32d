import * as z from 'zod';

/**
 * An array of which each element fits a schema. It stops at the first that does not: zod's own array goes on, and makes
 * a list of what is wrong with each of millions.
 */
export function manyOf<T>(one: z.ZodType<T>): z.ZodType<T[]> {
  return z.array(z.unknown()).transform((elements, context) => {
    const found: T[] = [];
    for (const [i, element] of elements.entries()) {
      const parsed = one.safeParse(element);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        context.addIssue({ code: 'custom', message: issue?.message ?? '', path: [i, ...(issue?.path ?? [])] });
        return z.NEVER;
      }
      found.push(parsed.data);
    }
    return found;
  });
}
