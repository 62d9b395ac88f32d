import { type Feature, fetchFeature } from '../api/feature.ts';
import { AppError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { parseId } from './id.ts';
import type { Session } from './session.ts';
import { withSpinner } from './spinner.ts';

/** `status ID`: one feature or vector as the server has it. Error: not_found. */
export async function showFeature(context: CommandContext, session: Session, text: string): Promise<number> {
  const { model, source, index } = parseId(text);
  const id = `${model}/${source}/${index}`;
  const http = session.open();
  try {
    const feature = await withSpinner(context.out, `reading ${id}`, () => fetchFeature(http, model, source, index));
    if (!feature) throw new AppError('not_found', `${session.url} has no feature ${id}`, { details: { id } });
    describeFeature(context, session, id, feature);
    return 0;
  } finally {
    await http.close();
  }
}

function describeFeature({ out }: CommandContext, session: Session, id: string, feature: Feature): void {
  const line = (name: string, text: string | undefined | null) => {
    if (text !== undefined && text !== null) out.result(`${out.paint.bold(name.padEnd(13))}${text}`);
  };
  const { vector, activations, explanations } = feature;
  line('feature', session.idOrUrl(id));
  line('name', feature.name ?? feature.vectorLabel);
  line('description', feature.description);
  line('kind', feature.kind);
  line('hook', feature.hookName);
  line('by', feature.creator?.name);
  line('created', feature.createdAt);
  line(
    'vector',
    vector && vector.length > 0 ? `${vector.length} values: ${preview(vector)}, norm ${norm(vector)}` : 'not stored',
  );
  line('vector hash', feature.vectorHash);
  line('strength', feature.kind === 'vector' ? String(feature.vectorDefaultSteerStrength) : undefined);
  line(
    'density',
    feature.frac_nonzero === undefined || feature.frac_nonzero === null || feature.frac_nonzero < 0
      ? undefined
      : String(feature.frac_nonzero),
  );
  line('metadata', describeMetadata(feature.metadata));
  line('activations', String(activations?.length ?? 0));
  for (const explanation of explanations ?? []) line('explanation', explanation.description);
  out.document({ type: 'feature', id, url: session.idOrUrl(id), feature });
}

function describeMetadata(metadata: Feature['metadata']): string | undefined {
  const entries = Object.entries(metadata ?? {}).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return entries.length > 0 ? entries.join(', ') : undefined;
}

function preview(vector: readonly number[]): string {
  const first = vector.slice(0, 4).map((value) => String(Math.round(value * 1e5) / 1e5));
  return vector.length > 4 ? `${first.join(', ')}, …` : first.join(', ');
}

function norm(vector: readonly number[]): string {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)).toFixed(4);
}
