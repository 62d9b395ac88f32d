/** Constructors that take memory for the length they are given, before anything is in it. */
const holders = [
  'Array',
  'ArrayBuffer',
  'SharedArrayBuffer',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const;
const bufferMakers = ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const;
type Holder = (new (...args: unknown[]) => object) & { readonly BYTES_PER_ELEMENT?: number };

/**
 * Runs some work in which nothing larger than `most` bytes may be allocated. A larger request fails with an error, and
 * its size is returned even if the work catches that error.
 */
export async function withinMemory<T>(
  most: number,
  work: () => Promise<T>,
): Promise<{ result: T; tooLarge: string[] }> {
  const tooLarge: string[] = [];
  const take = (what: string, bytes: number) => {
    if (!(bytes > most)) return;
    tooLarge.push(`${what} of ${bytes} bytes, ${most} are allowed`);
    throw new Error(`allocates by a claim: ${tooLarge.at(-1)}`);
  };
  const restore = [...watchHolders(take), ...watchBuffers(take)];
  try {
    return { result: await work(), tooLarge };
  } finally {
    for (const undo of restore) undo();
  }
}

type Take = (what: string, bytes: number) => void;

function watchHolders(take: Take): (() => void)[] {
  const world = globalThis as unknown as Record<string, Holder>;
  return holders.map((name) => {
    const Original = world[name] as Holder;
    const size = name === 'Array' ? 8 : (Original.BYTES_PER_ELEMENT ?? 1);
    const Watched: Holder = new Proxy(Original, {
      construct(target, args: unknown[], newTarget) {
        if (args.length === 1 && typeof args[0] === 'number') take(name, args[0] * size);
        return Reflect.construct(target, args, newTarget === Watched ? target : newTarget);
      },
    });
    world[name] = Watched;
    return () => {
      world[name] = Original;
    };
  });
}

function watchBuffers(take: Take): (() => void)[] {
  const makers = Buffer as unknown as Record<string, (size: number, ...rest: unknown[]) => Buffer>;
  return bufferMakers.map((name) => {
    const original = makers[name] as (size: number, ...rest: unknown[]) => Buffer;
    makers[name] = (size, ...rest) => {
      take(`Buffer.${name}`, size);
      return original.call(Buffer, size, ...rest);
    };
    return () => {
      makers[name] = original;
    };
  });
}
