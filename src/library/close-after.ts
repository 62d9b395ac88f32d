interface Closable {
  close(): Promise<void>;
}

/** Takes ownership of something that is to be closed in the end, and returns it. */
export type Own = <T extends Closable>(thing: T) => T;

/** Runs `work`, then closes what it has taken ownership of, last first, whether it succeeded or not. */
export async function closeAfter<R>(work: (own: Own) => Promise<R>): Promise<R> {
  const owned: Closable[] = [];
  try {
    return await work((thing) => {
      owned.push(thing);
      return thing;
    });
  } finally {
    for (const thing of owned.reverse()) await thing.close();
  }
}
