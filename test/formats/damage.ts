const extremes = [-1n, 0n, 1n, 7n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, -(2n ** 63n)];

/** Damages a copy: a byte, a whole number that means something where it stands, or the end. */
export function mutate(whole: Buffer, random: () => number): { what: string; bytes: Buffer } {
  const below = (limit: number) => Math.floor(random() * limit);
  const kind = random();
  if (kind < 0.1) {
    const length = below(whole.length);
    return { what: `cut to ${length} bytes`, bytes: whole.subarray(0, length) };
  }
  if (kind < 0.15) return { what: '16 bytes more', bytes: Buffer.concat([whole, whole.subarray(0, 16)]) };
  const bytes = Buffer.from(whole);
  if (kind < 0.55) {
    const at = below(whole.length);
    bytes[at] = below(256);
    return { what: `byte ${at} from ${whole[at]} to ${bytes[at]}`, bytes };
  }
  const at = 4 * below(Math.floor((whole.length - 8) / 4));
  const value = extremes[below(extremes.length)]!;
  if (kind < 0.8) bytes.writeInt32LE(Number(BigInt.asIntN(32, value)), at);
  else bytes.writeBigInt64LE(value, at);
  return { what: `${kind < 0.8 ? 'int32' : 'int64'} at ${at} to ${value}`, bytes };
}
