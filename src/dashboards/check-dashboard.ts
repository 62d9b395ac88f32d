import type { Activation, Dashboard, Logit } from './dashboard.ts';

/** Limits of the upload endpoint, as observed on the public server. */
const limits = { index: 10_000_000, tokens: 1024, logits: 20, explanation: 512 } as const;

/** Describes the first thing in a dashboard that no server takes; undefined if there is none. */
export function findFault(index: number, dashboard: Dashboard): string | undefined {
  if (!Number.isInteger(index) || index < 0 || index > limits.index)
    return `index ${index} is not between 0 and ${limits.index}`;
  const { density, topLogits = [], bottomLogits = [], activations, explanations = [] } = dashboard;
  if (density !== undefined && !(density >= 0 && density <= 1)) {
    return `density ${density} is not between 0 and 1${density < 0 ? ': is it a logarithm?' : ''}`;
  }
  return (
    firstFault('activation', activations, activationFault) ??
    firstFault('top logit', topLogits, logitFault) ??
    firstFault('bottom logit', bottomLogits, logitFault) ??
    firstFault('explanation', explanations, ({ text }) => explanationFault(text)) ??
    (Math.max(topLogits.length, bottomLogits.length) > limits.logits ? `more than ${limits.logits} logits` : undefined)
  );
}

function firstFault<T>(
  what: string,
  items: readonly T[],
  faultOf: (item: T) => string | undefined,
): string | undefined {
  for (const [i, item] of items.entries()) {
    const fault = faultOf(item);
    if (fault !== undefined) return `${what} ${i}: ${fault}`;
  }
  return undefined;
}

function activationFault({ tokens, values }: Activation): string | undefined {
  if (tokens.length !== values.length) return `${tokens.length} tokens but ${values.length} values`;
  if (tokens.length === 0 || tokens.length > limits.tokens)
    return `${tokens.length} tokens; 1 to ${limits.tokens} are allowed`;
  const value = values.findIndex((one) => !Number.isFinite(one));
  if (value >= 0) return `value ${value} is not a finite number`;
  return firstFault('token', tokens, textFault);
}

function logitFault({ token, value }: Logit): string | undefined {
  return Number.isFinite(value) ? textFault(token) : 'its value is not a finite number';
}

function explanationFault(text: string): string | undefined {
  if (text.length > limits.explanation) return `${text.length} characters; at most ${limits.explanation} are allowed`;
  return textFault(text);
}

/** Describes what is wrong with a text that a database refuses, or that a trip through UTF-8 would change. */
export function textFault(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (text.includes('\0')) return 'contains a NUL character';
  return /[\ud800-\udfff]/u.test(text) ? 'contains half of a surrogate pair' : undefined;
}
