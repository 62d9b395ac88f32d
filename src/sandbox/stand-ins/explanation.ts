import type { NewActivation } from '../store/examples.ts';

const MOST_TOKENS = 5;
const MOST_CHARACTERS = 40;

interface Logit {
  token: string;
  value: number;
}

/** What a row is explained from. */
interface Explained {
  activations: readonly NewActivation[];
  /** JSON of the row's details, with its top logits. */
  details: string;
  methodName: string;
}

/** Returns the token with the largest value of each activation, ordered by that value, without duplicates. */
function peakTokens(activations: readonly NewActivation[]): string[] {
  const peaks = activations.map(({ tokens, values }) => {
    const at = values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
    return { token: tokens[at]!, value: values[at]! };
  });
  return [...new Set(peaks.sort((a, b) => b.value - a.value).map(({ token }) => token))];
}

function quoted(tokens: readonly string[]): string {
  const shown = tokens.slice(0, MOST_TOKENS).map((token) => Array.from(token).slice(0, MOST_CHARACTERS).join(''));
  return shown.map((token) => JSON.stringify(token)).join(', ');
}

/**
 * Explains a row without a model. The text says so, and names the tokens on which the row is most active. For the method
 * with logits it also names the tokens that the row promotes.
 */
export function explain({ activations, details, methodName }: Explained): string {
  const start = `[sandbox stand-in, no model used] most active on ${quoted(peakTokens(activations))}`;
  const { topLogits = [] } = JSON.parse(details) as { topLogits?: Logit[] };
  if (methodName !== 'np_max-act-logits' || topLogits.length === 0) return start;
  return `${start}; promotes ${quoted(topLogits.map(({ token }) => token))}`;
}
