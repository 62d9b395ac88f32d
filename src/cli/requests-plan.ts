import { count } from '../count.ts';
import { uploadCost } from '../inspect/upload-cost.ts';
import type { PreparedSae } from '../upload/kinds/prepared-sae.ts';
import { limited } from '../upload/kinds/send-sae.ts';
import type { Server } from '../upload/server.ts';
import type { CommandContext } from './context.ts';
import { size as byteSize } from './inspect/numbers.ts';
import { sendLimits } from './sae-options.ts';

/** Says how much is to be sent. Without a daily limit, only the server's pace decides how long that takes. */
export function requestsText({ options }: CommandContext, server: Server, prepared: PreparedSae, rows: number): string {
  const { format, maxRows, maxBytes, serverNames } = limited(prepared.delivery, sendLimits(options));
  if (serverNames) return `no daily limit: in ${count(rows)} requests, at the server's pace`;
  const width = format.values ? prepared.matrix.width : 0;
  const { requests, bytes } = uploadCost(rows, width, { rows: maxRows, bytes: maxBytes });
  const vectors = format.values ? [`${byteSize(bytes)} in all`] : [];
  // The number of these does not tell their size.
  const facts = options.featureMetadata !== undefined && server.capabilities.storesAttributes ? ['the facts'] : [];
  const beside = [...facts, ...(prepared.dashboards ? ['the examples'] : [])];
  const many = `${beside.length > 0 ? 'at least' : 'about'} ${count(requests)} ${requests === 1 ? 'request' : 'requests'}`;
  return `no daily limit: in ${many} of ${[...vectors, ...beside].join(' and ')}, at the server's pace`;
}
