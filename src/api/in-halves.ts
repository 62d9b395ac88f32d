import { isTooLarge } from '../errors.ts';

/** Asks for many things at once, and in halves where the answer is too large for the server. Errors: those of `ask`. */
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
