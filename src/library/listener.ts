/** Passes the events of an upload on to whoever listens. */
export type Tell<E> = (event: E) => void;

/**
 * Returns what passes events on to `onEvent`, if there is one. A promise that it returns is not waited for; if it rejects
 * while the upload runs, the next event throws its reason, which ends the upload as an exception does.
 */
export function listener<E>(onEvent: ((event: E) => unknown) | undefined): Tell<E> {
  let failure: { readonly reason: unknown } | undefined;
  return (event) => {
    if (failure) throw failure.reason;
    const told = onEvent?.(event);
    if (told instanceof Promise)
      told.catch((reason: unknown) => {
        failure ??= { reason };
      });
  };
}
