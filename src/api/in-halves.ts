import { isTooLarge } from '../errors.ts';

/** Asks for many things at once, or in halves if the answer is too large for the server or us. Errors: those of `ask`. */
export async function inHalves<T, R>(
  many: readonly T[],
  ask: (some: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  try {
    return [...(await ask(many))];
  } catch (error) {
    if (many.length < 2 || !isTooLarge(error)) throw error;
    const middle = Math.ceil(many.length / 2);
    return [...(await inHalves(many.slice(0, middle), ask)), ...(await inHalves(many.slice(middle), ask))];
  }
}
