import { createHash } from 'node:crypto';

const DIGITS = 4;
const RANGE = 2 ** 32;

/** Returns a meaningless score from 0 to 1, made from a hash: the same for the same explanation, type and model. */
export function scoreOf(explanation: string, typeName: string, modelName: string): number {
  const hash = createHash('sha256')
    .update(JSON.stringify([explanation, typeName, modelName]))
    .digest();
  return Number((hash.readUInt32LE(0) / RANGE).toFixed(DIGITS));
}
