/** Lets a limited number of callers in at a time; the others wait in the order in which they came. */
export interface Gate {
  /** Waits until there is room. Call the returned function, once, to leave. */
  enter(): Promise<() => void>;
  /** Lets in as many waiting callers as there is room for; to be called when the limit has grown. */
  open(): void;
}

/** Makes a gate whose limit is `most()`, asked again each time. */
export function gate(most: () => number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  const open = () => {
    while (inside < most() && waiting.length > 0) {
      inside++;
      waiting.shift()?.();
    }
  };
  const leave = () => {
    inside--;
    open();
  };
  return {
    enter: () =>
      new Promise((resolve) => {
        waiting.push(() => resolve(leave));
        open();
      }),
    open,
  };
}
