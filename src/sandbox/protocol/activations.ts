import * as z from '../../schema.ts';
import type { Account } from '../accounts.ts';
import { type Answer, answer } from '../answer.ts';
import type { Call } from '../route.ts';
import { testActivation } from '../stand-ins/activation.ts';
import { activation, maxActivation } from './examples.ts';
import { requireOwn, requireVisible } from './features.ts';
import { answerOnce, type Stored } from './idempotent.ts';
import { parseAs, rowIndex, text } from './parse.ts';
import { refuseField } from './refusal.ts';
import { readJson, requireUploader } from './request.ts';

const upload = z.object({
  modelId: text,
  source: text,
  index: rowIndex,
  activations: z.array(activation).check(z.minLength(1)),
});

function addActivations(call: Call, account: Account, given: z.output<typeof upload>): Stored {
  const { store, now } = call;
  const { modelId, source, index, activations } = given;
  const row = requireOwn(call, account, modelId, source, index);
  for (const each of activations) store.examples.addActivation(row.id, each, now.toISOString(), account.id);
  store.features.raiseMaxActivation(row.id, maxActivation(activations));
  const said = answer({ message: `${activations.length} activations created.` });
  return { answer: said, modelId, source, indices: [index] };
}

/**
 * `POST /api/activation/upload-batch`: adds activations to a row of the user. Sending them again adds them again, unless
 * the request has an `Idempotency-Key`.
 */
export function uploadActivations(call: Call): Answer {
  const account = requireUploader(call);
  return answerOnce(call, account, () => {
    const given = parseAs(upload, readJson(call));
    return () => addActivations(call, account, given);
  });
}

const place = z.object({ modelId: text, source: z.nullish(text), layer: z.nullish(text), index: rowIndex });

// Accepts either name of the row and of its source, as the public server does.
const test = z.object({ feature: z.nullish(place), neuron: z.nullish(place), customText: text });

/** `POST /api/activation/new`: a stand-in activation on a text, for any row that the caller may see. Stores nothing. */
export function tryActivation(call: Call): Answer {
  const { feature, neuron, customText } = parseAs(test, readJson(call));
  const { modelId, source, layer, index } = feature ?? neuron ?? refuseField('feature', 'is required');
  const sourceId = source ?? layer ?? refuseField('feature.source', 'is required');
  return answer(testActivation(requireVisible(call, modelId, sourceId, index), customText));
}
