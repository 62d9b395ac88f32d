import { createHash } from 'node:crypto';

const DIGITS = 4;
const RANGE = 2 ** 32;

/** A score from 0 to 1 made of a hash: the same for the same explanation, kind and model, and of no meaning. */
export function scoreOf(explanation: string, typeName: string, modelName: string): number {
  const hash = createHash('sha256')
    .update(JSON.stringify([explanation, typeName, modelName]))
    .digest();
  return Number((hash.readUInt32LE(0) / RANGE).toFixed(DIGITS));
}
