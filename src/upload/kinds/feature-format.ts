import { type Dashboard, type DashboardSource, dashboardFields } from '../../dashboards/dashboard.ts';
import type { Sae, SaeKind } from '../../layouts/sae.ts';
import { type Attributes, attributeFields } from '../attributes.ts';
import type { BodyFormat } from '../delivery.ts';
import type { Place } from '../destination.ts';
import type { Capabilities } from '../server.ts';

/** How features are written, and all that is sent beside their values: files by their digest. */
export interface FeatureFormat {
  readonly format: BodyFormat;
  readonly fields: string;
}

/**
 * How a body of features is written: the fields of the SAE once, then of each feature its index, its vector where the
 * server keeps vectors, and its dashboard where it has one.
 */
export function featureFormat(
  capabilities: Capabilities,
  modelId: string,
  place: Place,
  kind: SaeKind,
  sae: Sae,
  attributes: Attributes,
  dashboards: DashboardSource | undefined,
): FeatureFormat {
  const about = capabilities.storesVectors ? saeFields(place, kind, sae, attributes, capabilities) : {};
  const shared = { modelId, source: place.source, ...about };
  const text = JSON.stringify(shared);
  const frame = { before: `${text.slice(0, -1)},"features":[`, after: ']}' };
  const rows = rowTexts(capabilities.storesVectors, dashboards);
  const fields = JSON.stringify({ ...shared, ...(dashboards && { activations: dashboards.hash }) });
  return { format: { ...frame, values: capabilities.storesVectors, ...rows }, fields };
}

function saeFields(place: Place, kind: SaeKind, sae: Sae, attributes: Attributes, capabilities: Capabilities) {
  const metadata = { ...sae.facts, ...attributes.metadata };
  return {
    kind,
    ...attributeFields(attributes, capabilities),
    ...(place.hook && { hookName: place.hook.value }),
    ...(sae.hookIn && { hookNameIn: sae.hookIn.value }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

function rowTexts(
  vectors: boolean,
  dashboards: DashboardSource | undefined,
): Pick<BodyFormat, 'prepare' | 'aroundRow'> {
  let ready = new Map<number, Dashboard>();
  const fieldsOf = (row: number) => {
    const dashboard = ready.get(row);
    return dashboard ? `,${dashboardFields(dashboard)}` : '';
  };
  return {
    ...(dashboards && {
      async prepare(start, count) {
        ready = new Map();
        for (let row = start; row < start + count; row++) {
          const dashboard = await dashboards.read(row);
          if (dashboard) ready.set(row, dashboard);
        }
      },
    }),
    aroundRow: (row) =>
      vectors
        ? { before: `{"index":${row},"vector":[`, after: `]${fieldsOf(row)}}` }
        : { before: `{"index":${row}${fieldsOf(row)}}`, after: '' },
  };
}
