import { textFault } from '../dashboards/check-dashboard.ts';

/** Longest texts, in characters. The upload protocol names no limit, but longer text is probably in the wrong field. */
const longest = { name: 512, description: 10_000, free: 10_000 } as const;
/** Servers refuse metadata that is nested deeper. */
const deepest = 16;

/** Describes what is wrong with a name, description or other text. */
export function checkText(kind: keyof typeof longest, value: unknown): string | undefined {
  if (typeof value !== 'string') return 'is not text';
  if (value.length > longest[kind]) return `${value.length} characters; at most ${longest[kind]} are allowed`;
  return value === '' ? undefined : textFault(value);
}

/** Describes what is wrong with a value of free metadata: numbers must be finite, texts storable. */
export function checkFree(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${value} is not a finite number`;
  if (typeof value === 'string') return checkText('free', value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === deepest) return `is nested deeper than ${deepest} levels`;
  for (const [key, part] of Object.entries(value)) {
    const fault = checkText('free', key) ?? checkFree(part, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
