import type { FeatureId } from '../api/feature-id.ts';
import { AppError } from '../errors.ts';

/** Reads `model/source/index`, or the URL of one on any host. Error: usage. */
export function parseId(text: string): FeatureId {
  const path = URL.canParse(text) ? new URL(text).pathname : text.includes('://') ? '' : text;
  const parts = path.split('/').filter((part) => part !== '');
  const [model, source, index] = parts.slice(-3);
  if (model === undefined || source === undefined || index === undefined || !/^\d+$/.test(index)) {
    // A key that was pasted here is not shown again.
    const shown = text.includes('/') || text.length <= 20 ? `"${text}"` : 'what was typed';
    throw new AppError('usage', `${shown} is not the id of a feature`, {
      hints: [
        parts.length === 2
          ? `an id is model/source/index, for example ${text}/0`
          : 'an id is model/source/index, for example gpt2-small/6-my-sae/1234, or the URL of one',
      ],
    });
  }
  return { model, source, index };
}
