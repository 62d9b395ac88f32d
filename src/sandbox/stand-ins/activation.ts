import { createHash } from 'node:crypto';
import type { FeatureRow } from '../store/features.ts';

const LARGEST = 10;
const DIGITS = 3;
const RANGE = 2 ** 32;

/** Words with the spaces before them: put together again they are the text. */
function tokensOf(text: string): string[] {
  return text.match(/\s*\S+|\s+$/gu) ?? [];
}

function activationOn(direction: string, token: string): number {
  const hash = createHash('sha256').update(`${direction}\n${token}`).digest();
  return Number(((hash.readUInt32LE(0) / RANGE) * LARGEST).toFixed(DIGITS));
}

/**
 * A row's activation on a text, without a model: values from 0 to 10 made of a hash of the stored vector (where there is
 * none, of where the row lies) and the token, so that another direction shows. Says that it is a stand-in.
 */
export function testActivation({ modelId, source, index, vectorHash }: FeatureRow, text: string) {
  const tokens = tokensOf(text);
  const direction = vectorHash ?? `${modelId}/${source}/${index}`;
  const values = tokens.map((token) => activationOn(direction, token));
  const maxValue = values.reduce((most, value) => Math.max(most, value), 0);
  const found = { maxValue, maxValueTokenIndex: values.indexOf(maxValue) };
  return { modelId, layer: source, index: String(index), tokens, values, ...found, standIn: true };
}
