import { answer } from '../answer.ts';
import { activations, areMatched, storedActivation } from './batch-shape.ts';
import { findRow } from './features.ts';
import { refuseError, refuseOpaquely } from './refusals.ts';
import { isStorable, readAs, requireUser } from './request.ts';
import { object, text } from './shape.ts';
import type { Handler } from './world.ts';

const upload = object({ modelId: text(), source: text(), index: text(), activations });

/**
 * `POST /api/activation/upload-batch`: for one vector of the user's. "not the owner", no such row and lengths that differ
 * are opaque. It takes an uploaded feature too, where nothing shows it.
 */
export const uploadActivations: Handler = (call) => {
  const { store, now } = call;
  const { id } = requireUser(call);
  const given = readAs(call, upload, ({ message, path }) => refuseError(400, message, path));
  const row = findRow(call, given.modelId, given.source, given.index);
  if (row?.owner !== id || !areMatched(given.activations)) refuseOpaquely();
  const sound = given.activations.every(
    ({ tokens, values }) => tokens.every(isStorable) && values.every(Number.isFinite),
  );
  if (!sound) refuseOpaquely();
  const createdAt = now.toISOString();
  store.write(() => {
    for (const each of given.activations) {
      store.examples.addActivation(row.id, storedActivation(each), createdAt, id);
    }
  });
  return answer({ message: `${given.activations.length} activations created.` });
};
