import { answer } from '../answer.ts';
import { testActivation } from '../stand-ins/activation.ts';
import { activations, areMatched, storedActivation } from './batch-shape.ts';
import { findRow } from './features.ts';
import { refuseError, refuseOpaquely } from './refusals.ts';
import { isStorable, readAs, requireUser } from './request.ts';
import { object, optional, text } from './shape.ts';
import type { Handler } from './world.ts';

const upload = object({ modelId: text(), source: text(), index: text(), activations });

/**
 * `POST /api/activation/upload-batch`: adds activations to one vector of the user. "not the owner", a missing row and
 * unequal lengths are the opaque 500. It accepts an uploaded feature too, but reads of the feature never show them.
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

// Accepts either name of the row and of its source: the site sends `neuron` and `layer`, its API page names the others.
const place = object({
  modelId: text(),
  layer: optional(text(), { otherwise: undefined }),
  source: optional(text(), { otherwise: undefined }),
  index: text(),
});

const test = object({
  neuron: optional(place, { otherwise: undefined, nullable: true }),
  feature: optional(place, { otherwise: undefined, nullable: true }),
  customText: text(),
});

/**
 * `POST /api/activation/new`: a row's activation on a text; needs no key and stores nothing. It is not in the recording.
 * A bad body is assumed to give the opaque 500, and so is an unknown row: "unknown index (falls through to the inference
 * server, then 500)".
 */
export const tryActivation: Handler = (call) => {
  const { neuron, feature, customText } = readAs(call, test, refuseOpaquely);
  const { modelId = '', layer, source, index = '' } = neuron ?? feature ?? {};
  const row = findRow(call, modelId, layer ?? source ?? '', index);
  if (row === undefined) refuseOpaquely();
  return answer(testActivation(row, customText));
};
