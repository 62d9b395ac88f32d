import { answer } from '../answer.ts';
import type { Call } from '../route.ts';
import type { FeatureRow } from '../store/features.ts';
import { findSource } from './catalog.ts';
import { briefFeatureView, featureView } from './feature-view.ts';
import { notAvailable, refuseBoth, refuseError, refuseMessage, refuseUnknown } from './refusals.ts';
import { isStorable, readAs } from './request.ts';
import { list, number, object, optional, text } from './shape.ts';
import type { Handler } from './world.ts';

const wantedRows = list(
  object({
    modelId: text(),
    layer: text(),
    index: text(),
    maxActsToReturn: optional(number({ min: 0, integer: true }), {
      otherwise: Number.MAX_SAFE_INTEGER,
      nullable: true,
    }),
  }),
);

/**
 * Finds a stored row. Rows are unlisted, so anyone can read them without a key. A private row, which only the upload
 * protocol can have stored in this data folder, is found by its owner only.
 */
export function findRow(call: Call, modelId: string, source: string, index: string): FeatureRow | undefined {
  if (!/^\d{1,15}$/.test(index) || !isStorable(modelId) || !isStorable(source)) return undefined;
  const row = call.store.features.find(modelId, source, Number(index));
  return row === undefined || row.visibility === 'public' || row.owner === call.account?.id ? row : undefined;
}

/** `GET /api/feature/{model}/{source}/{index}`: "missing index" and "missing source" differ in the shape of their 404. */
export const getFeature: Handler = (call, world) => {
  const { store, origin } = call;
  const [modelId = '', source = '', index = ''] = call.params;
  const row = findRow(call, modelId, source, index);
  if (row !== undefined) return answer(featureView(call, world, row));
  if (findSource(store, world, modelId, source) === undefined) refuseBoth(404, notAvailable(origin));
  refuseError(404, notAvailable(origin));
};

/** `POST /api/features`: "several features at once, missing ones are simply absent". "features: empty list" is a 500. */
export const getFeatures: Handler = (call, world) => {
  const wanted = readAs(call, wantedRows, ({ message }) => refuseMessage(400, message));
  if (wanted.length === 0) refuseUnknown();
  const views = wanted.flatMap(({ modelId, layer, index, maxActsToReturn }) => {
    const row = findRow(call, modelId, layer, index);
    return row === undefined ? [] : [briefFeatureView(call, world, row, maxActsToReturn)];
  });
  return answer(views);
};
