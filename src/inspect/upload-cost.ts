/** What an upload of features costs, estimated from their number and width. */
export interface UploadCost {
  readonly features: number;
  /** Number of requests that carry features, to a server with the upload protocol. */
  readonly requests: number;
  /** Estimated size of all JSON. */
  readonly bytes: number;
  /** Days it takes under the daily quota, by tier. */
  readonly days: { readonly free: number; readonly research: number };
}

/** Under daily quotas of 1,000 and 10,000 features. */
function daysOf(features: number): UploadCost['days'] {
  return { free: Math.ceil(features / 1000), research: Math.ceil(features / 10_000) };
}

/** Usual limits on one request to servers with the upload protocol. */
const usualLimits = { rows: 128, bytes: 4_500_000 } as const;
/** A trained float32 in the shortest decimal form that restores it exactly, with its comma. */
const bytesAValue = 12.6;
/** What surrounds the values: `{"index":12345,"vector":[]},` */
const bytesARow = 30;

/** Estimates an upload without examples or other data beside the vectors. */
export function uploadCost(
  features: number,
  width: number,
  most: { readonly rows: number; readonly bytes: number } = usualLimits,
): UploadCost {
  const rowBytes = width * bytesAValue + bytesARow;
  const rowsARequest = Math.max(1, Math.min(most.rows, Math.floor(most.bytes / rowBytes)));
  return {
    features,
    requests: Math.ceil(features / rowsARequest),
    bytes: Math.round(features * rowBytes),
    days: daysOf(features),
  };
}

/** Adds up the cost of several uploads, made one after another with one account. */
export function totalCost(costs: readonly UploadCost[]): UploadCost {
  const sum = (of: (cost: UploadCost) => number) => costs.reduce((total, cost) => total + of(cost), 0);
  const features = sum((cost) => cost.features);
  return {
    features,
    requests: sum((cost) => cost.requests),
    bytes: sum((cost) => cost.bytes),
    days: daysOf(features),
  };
}
