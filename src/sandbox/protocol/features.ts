import * as z from '../../schema.ts';
import type { Account } from '../accounts.ts';
import { type Answer, answer } from '../answer.ts';
import type { Call } from '../route.ts';
import type { FeatureRow } from '../store/features.ts';
import { ALL_FIELDS, type FieldName, isField, LIST_FIELDS, viewOf } from './feature-view.ts';
import { MAX_ROWS_PER_READ } from './limits.ts';
import { parseAs, rowIndex, text } from './parse.ts';
import { refuse } from './refusal.ts';
import { readJson } from './request.ts';

const wantedRow = z.object({
  modelId: text,
  layer: text,
  index: rowIndex,
  maxActsToReturn: z.nullish(z.int().check(z.gte(0))),
});

const wantedRows = z.array(wantedRow).check(z.maxLength(MAX_ROWS_PER_READ));

const wantedFields = z.object({
  features: wantedRows,
  fields: z.nullish(
    z
      .array(z.custom<FieldName>((name) => typeof name === 'string' && isField(name), 'no such field'))
      .check(z.minLength(1)),
  ),
});

/** Whether a row is public or the caller's own. */
export function isVisible({ account }: Call, { visibility, owner }: FeatureRow): boolean {
  return visibility === 'public' || owner === account?.id;
}

/** Finds a stored row; undefined if it does not exist, or is private and not the caller's. */
export function findVisible(call: Call, modelId: string, source: string, index: number): FeatureRow | undefined {
  const row = call.store.features.find(modelId, source, index);
  return row !== undefined && isVisible(call, row) ? row : undefined;
}

/** Returns a row that the caller may see; refuses with 404 `not_found`, naming its place in the body if `path` is given. */
export function requireVisible(call: Call, modelId: string, source: string, index: number, path?: string): FeatureRow {
  const row = findVisible(call, modelId, source, index);
  if (row !== undefined) return row;
  refuse(404, 'not_found', `no feature or vector ${modelId}/${source}/${index}`, path === undefined ? {} : { path });
}

/** Returns a row of the user; refuses with 404 `not_found`, or with 409 `not_owner` if it is another user's public row. */
export function requireOwn(call: Call, { id }: Account, modelId: string, source: string, index: number): FeatureRow {
  const row = requireVisible(call, modelId, source, index);
  if (row.owner !== id) refuse(409, 'not_owner', `${modelId}/${source}/${index} belongs to another user`);
  return row;
}

/** `GET /api/feature/{model}/{source}/{index}`: everything about one row. */
export function getFeature(call: Call): Answer {
  const [modelId = '', source = '', index = ''] = call.params;
  const row = /^\d{1,15}$/.test(index) ? findVisible(call, modelId, source, Number(index)) : undefined;
  if (row === undefined) refuse(404, 'not_found', `no feature ${modelId}/${source}/${index}`);
  return answer(viewOf(call, row, ALL_FIELDS));
}

/** `POST /api/features`: many rows, without those that are missing. `fields` selects the keys. */
export function getFeatures(call: Call): Answer {
  const body = readJson(call);
  const wanted = Array.isArray(body) ? { features: parseAs(wantedRows, body) } : parseAs(wantedFields, body);
  const fields = ('fields' in wanted ? wanted.fields : null) ?? LIST_FIELDS;
  const views = wanted.features.flatMap(({ modelId, layer, index, maxActsToReturn }) => {
    const row = findVisible(call, modelId, layer, index);
    return row === undefined ? [] : [viewOf(call, row, fields, maxActsToReturn ?? undefined)];
  });
  return answer(views);
}
