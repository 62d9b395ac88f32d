import { textProblem } from '../text.ts';
import { refuseField } from './refusal.ts';

interface Problem {
  path: string;
  problem: string;
}

// Paths are built on the way back up, so that a body without problems builds none.
function problemIn(value: unknown): Problem | undefined {
  if (typeof value === 'string') {
    const problem = textProblem(value);
    return problem === undefined ? undefined : { path: '', problem };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return Array.isArray(value) ? problemInItems(value) : problemInEntries(value);
}

function problemInItems(items: readonly unknown[]): Problem | undefined {
  for (const [i, item] of items.entries()) {
    const found = problemIn(item);
    if (found !== undefined) return { ...found, path: `[${i}]${found.path}` };
  }
  return undefined;
}

function problemInEntries(object: object): Problem | undefined {
  for (const [key, part] of Object.entries(object)) {
    const found = problemIn(key) ?? problemIn(part);
    if (found !== undefined) return { ...found, path: `.${key.replaceAll('\0', '')}${found.path}` };
  }
  return undefined;
}

// Both can only come from `\u` escapes: JSON allows no raw NUL, and UTF-8 no surrogates.
const SUSPECT = /\\u(?:0000|d[89a-f])/i;

/** Refuses a parsed body if any text or key in it holds NUL or a lone surrogate. `json` is the body's text. */
export function requireStorableTexts(json: string, value: unknown): void {
  const found = SUSPECT.test(json) ? problemIn(value) : undefined;
  if (found !== undefined) refuseField(found.path.replace(/^\./, ''), found.problem);
}
