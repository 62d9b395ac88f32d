import { createHash } from 'node:crypto';
import type { FeatureRow } from '../store/features.ts';

const LARGEST = 10;
const DIGITS = 3;
const RANGE = 2 ** 32;

/** Splits a text into words, each with the spaces before it. Joined again they are the text. */
function tokensOf(text: string): string[] {
  return text.match(/\s*\S+|\s+$/gu) ?? [];
}

function activationOn(direction: string, token: string): number {
  const hash = createHash('sha256').update(`${direction}\n${token}`).digest();
  return Number(((hash.readUInt32LE(0) / RANGE) * LARGEST).toFixed(DIGITS));
}

/**
 * Makes a row's activation on a text without a model, labelled as a stand-in. The values, 0 to 10, come from a hash of the
 * token and the stored vector, so that a different direction shows. Without a vector, the row's place is hashed instead.
 */
export function testActivation({ modelId, source, index, vectorHash }: FeatureRow, text: string) {
  const tokens = tokensOf(text);
  const direction = vectorHash ?? `${modelId}/${source}/${index}`;
  const values = tokens.map((token) => activationOn(direction, token));
  const maxValue = values.reduce((most, value) => Math.max(most, value), 0);
  const found = { maxValue, maxValueTokenIndex: values.indexOf(maxValue) };
  return { modelId, layer: source, index: String(index), tokens, values, ...found, standIn: true };
}
