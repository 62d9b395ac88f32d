import { randomInt } from 'node:crypto';
import { setNameOf } from './records/models.ts';
import type { NewFeature } from './store/features.ts';
import type { Store } from './store/store.ts';

const FIRST_INDEX = 90_000_000;
const LAST_INDEX = 179_999_999;

/** Returns the source of all users' vectors for a hook: `6-neuronpedia-resid-post`. */
export function vectorSource(layer: number, hookType: 'hook_resid_pre' | 'hook_resid_post'): string {
  return `${layer}-neuronpedia-${hookType === 'hook_resid_pre' ? 'resid-pre' : 'resid-post'}`;
}

/** Gives a new vector a random index that is free, inside an open write. Adds its source if there is none yet. */
export function withIndex(store: Store, row: Omit<NewFeature, 'index'>): NewFeature {
  const { modelId, source, createdAt } = row;
  store.sources.require({ modelId, source, setName: setNameOf(source), createdAt });
  for (;;) {
    const index = randomInt(FIRST_INDEX, LAST_INDEX + 1);
    if (store.features.contentHash(modelId, source, index) === undefined) return { ...row, index };
  }
}
