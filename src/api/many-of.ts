import * as z from '../schema.ts';

/**
 * Makes a schema for an array whose every element fits `one`. It stops at the first that does not: zod's own array goes on,
 * and would list what is wrong with each of millions.
 */
export function manyOf<T>(one: z.ZodMiniType<T>): z.ZodMiniType<T[]> {
  return z.pipe(
    z.array(z.unknown()),
    z.transform((elements, context) => {
      const found: T[] = [];
      for (const [i, element] of elements.entries()) {
        const parsed = one.safeParse(element);
        if (!parsed.success) {
          const [issue] = parsed.error.issues;
          const path = [i, ...(issue?.path ?? [])];
          context.issues.push({ code: 'custom', input: element, message: issue?.message ?? '', path });
          return z.NEVER;
        }
        found.push(parsed.data);
      }
      return found;
    }),
  );
}
