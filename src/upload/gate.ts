/** Lets a number of things be done at a time; the others wait in the order in which they came. */
export interface Gate {
  /** Waits until there is room; what it gives is called, once, to leave. */
  enter(): Promise<() => void>;
  /** Lets in whoever there is room for now: to be called when the number has grown. */
  open(): void;
}

/** A gate for as many at a time as `most` says, whenever it is asked. */
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
