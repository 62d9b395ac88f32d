import { type Dashboard, type DashboardSource, dashboardFields } from '../../dashboards/dashboard.ts';
import { factFields } from '../../feature-data/facts.ts';
import type { FeatureData, FeatureFacts } from '../../feature-data/feature-data.ts';
import type { Indices } from '../../tensor/indices.ts';
import { type Attributes, attributeFields } from '../attributes.ts';
import type { AroundRow, BodyFormat } from '../delivery.ts';
import type { Capabilities } from '../server.ts';
import type { PlacedSae } from './prepared-sae.ts';

/** How features are written, and everything sent beside their values, with digests standing for files. */
export interface FeatureFormat {
  readonly format: BodyFormat;
  readonly fields: string;
}

/** What is known of each feature besides its vector, and which feature each row is. */
export interface FeatureSources {
  readonly indices: Indices;
  readonly dashboards: DashboardSource | undefined;
  readonly data: FeatureData | undefined;
}

/**
 * Settles how a body of features is written: the fields of the SAE once, then for each feature its index, its vector if
 * the server keeps vectors, its dashboard if it has one, and its name, description and metadata if the server keeps them.
 */
export function featureFormat(
  placed: PlacedSae,
  dashboards: DashboardSource | undefined,
  attributes: Attributes,
  capabilities: Capabilities,
): FeatureFormat {
  const { model, place, indices, facts } = placed;
  const sources = { indices, dashboards, data: facts?.data };
  const { storesVectors: values } = capabilities;
  const about = values ? saeFields(placed, attributes, capabilities) : {};
  const shared = { modelId: model.id, source: place.source, ...about };
  const frame = { before: `${JSON.stringify(shared).slice(0, -1)},"features":[`, after: ']}' };
  const fields = JSON.stringify({ ...shared, ...digests(sources) });
  return { format: { ...frame, values, ...rowTexts(values, sources) }, fields };
}

/** Digests that bind a job to more than its values and shared fields: to the files, and to which feature each row is. */
export function digests({ indices, dashboards, data }: FeatureSources): Record<string, string> {
  return {
    ...(dashboards && { activations: dashboards.hash }),
    ...(data && { featureMetadata: data.hash }),
    ...(indices.hash !== undefined && { indices: indices.hash }),
  };
}

function saeFields({ sae, kind, place }: PlacedSae, attributes: Attributes, capabilities: Capabilities) {
  const metadata = { ...sae.facts, ...attributes.metadata };
  return {
    kind,
    ...attributeFields(attributes, capabilities),
    ...(place.hook && { hookName: place.hook.value }),
    ...(place.hookIn && { hookNameIn: place.hookIn.value }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

function rowTexts(
  vectors: boolean,
  { indices, dashboards, data }: FeatureSources,
): Pick<BodyFormat, 'around' | 'mostRead' | 'indexOf'> {
  const { indexOf, hash } = indices;
  const around =
    (more: (row: number) => string): AroundRow =>
    (row) =>
      vectors
        ? { before: `{"index":${indexOf(row)},"vector":[`, after: `]${more(row)}}` }
        : { before: `{"index":${indexOf(row)}${more(row)}}`, after: '' };
  const own = hash === undefined ? {} : { indexOf };
  if (!dashboards && !data) return { ...own, around: () => around(() => '') };
  const fieldsOf = async (row: number) => {
    const dashboard = await dashboards?.read(indexOf(row));
    const facts = await data?.read(row);
    return [facts && vectors ? factFields(facts) : '', exampleFields(dashboard, facts)].filter(Boolean);
  };
  return {
    ...own,
    mostRead: (dashboards?.mostBytes ?? 0) + (data?.mostBytes ?? 0),
    async around(start, count) {
      const texts = new Map<number, string>();
      for (let row = start; row < start + count; row++) {
        const fields = await fieldsOf(row);
        if (fields.length > 0) texts.set(row, `,${fields.join(',')}`);
      }
      return around((row) => texts.get(row) ?? '');
    },
  };
}

/** The fields of a feature's examples. A dashboard's own density wins: it was measured on the same texts as its examples. */
function exampleFields(dashboard: Dashboard | undefined, facts: FeatureFacts | undefined): string {
  const density = dashboard?.density ?? facts?.density;
  if (dashboard) return dashboardFields({ ...dashboard, ...(density !== undefined && { density }) });
  return density === undefined ? '' : JSON.stringify({ density }).slice(1, -1);
}
