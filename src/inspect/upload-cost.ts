/** What an upload of features takes, as far as their number and width tell. */
export interface UploadCost {
  readonly features: number;
  /** Requests of features to a server with the upload protocol. */
  readonly requests: number;
  /** JSON in all, estimated. */
  readonly bytes: number;
  /** Days of the daily quota, by tier. */
  readonly days: { readonly free: number; readonly research: number };
}

/** Features a day, by tier. */
const dailyQuota = { free: 1000, research: 10_000 } as const;

/** Limits on one request that servers with the upload protocol have. */
const usualLimits = { rows: 128, bytes: 4_500_000 } as const;
/** A trained float32 in the shortest decimals that bring it back, with its comma. */
const bytesAValue = 12.6;
/** `{"index":12345,"vector":[]},` */
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
    days: { free: Math.ceil(features / dailyQuota.free), research: Math.ceil(features / dailyQuota.research) },
  };
}

/** Several uploads with one account, one after the other. */
export function totalCost(costs: readonly UploadCost[]): UploadCost {
  const sum = (of: (cost: UploadCost) => number) => costs.reduce((total, cost) => total + of(cost), 0);
  const features = sum((cost) => cost.features);
  return {
    features,
    requests: sum((cost) => cost.requests),
    bytes: sum((cost) => cost.bytes),
    days: { free: Math.ceil(features / dailyQuota.free), research: Math.ceil(features / dailyQuota.research) },
  };
}
