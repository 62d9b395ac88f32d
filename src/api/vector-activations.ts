import type { Delivery } from '../upload/delivery.ts';
import type { Pacer } from '../upload/pacer.ts';
import type { Capabilities } from '../upload/server.ts';
import { fetchFeature } from './feature.ts';
import { idParts } from './feature-id.ts';
import type { Http } from './http.ts';
import { sendUpload, storedIfCreated } from './outcome.ts';

/**
 * Delivers the activations of one vector, in a request of their own. A repeated one would store them again, so they are
 * looked up instead, on the vector's own page: the answer about several features leaves out the activations of vectors.
 */
export function vectorActivationDelivery(
  http: Http,
  capabilities: Capabilities,
  id: string,
  fields: string,
  pacer: Pacer,
): Delivery {
  const vector = idParts(id);
  const { model: modelId, source, index } = vector;
  const place = JSON.stringify({ modelId, source, index }).slice(0, -1);
  return {
    format: {
      before: '',
      after: '',
      values: false,
      around: () => () => ({ before: `${place},${fields}}`, after: '' }),
    },
    pacer,
    maxRows: 1,
    maxBytes: capabilities.maxBytes,
    maxInFlight: 1,
    settle: 'lookup',
    serverNames: false,
    async send(body, _key, signal) {
      const request = { method: 'POST', path: '/api/activation/upload-batch', body, signal } as const;
      const result = await sendUpload(http, request, `uploading activations of ${id}`, pacer);
      return 'type' in result ? result : storedIfCreated(result, undefined);
    },
    async lookup() {
      const feature = await fetchFeature(http, vector);
      return { stored: new Map(feature?.activations?.length ? [[0, {}]] : []) };
    },
  };
}
