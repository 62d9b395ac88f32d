import type { NewActivation, NewExplanation } from '../store/examples.ts';
import type { NewFeature } from '../store/features.ts';
import type { Store } from '../store/store.ts';

interface Examples {
  activations?: NewActivation[] | null | undefined;
  explanations?: NewExplanation[] | null | undefined;
}

/** Stores a row with its activations and explanations, inside an open write. */
export function storeRow(store: Store, row: NewFeature, { activations, explanations }: Examples): void {
  const id = store.features.add(row);
  for (const each of activations ?? []) store.examples.addActivation(id, each, row.createdAt);
  for (const each of explanations ?? []) store.examples.addExplanation(id, each, row.owner, row.createdAt);
}
