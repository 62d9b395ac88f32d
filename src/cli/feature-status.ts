import { type Feature, fetchFeature } from '../api/feature.ts';
import { type FeatureId, idText } from '../api/feature-id.ts';
import type { Http } from '../api/http.ts';
import { testActivation } from '../api/test-activation.ts';
import { AppError } from '../errors.ts';
import { closeAfter } from '../library/close-after.ts';
import { tokenText } from './activation-text.ts';
import type { CommandContext } from './context.ts';
import { safeText, widthOf } from './display-text.ts';
import { type FeatureLine, featureLines, round } from './feature-lines.ts';
import { parseId } from './id.ts';
import type { Session } from './session.ts';
import { withSpinner } from './spinner.ts';

/** The query that selects what a feature's page shows when another site embeds it. */
const embedQuery = '?embed=true&embedexplanation=true&embedplots=true&embedtest=true';

/**
 * `status ID`: shows one feature or vector as the server has it or, with `--text`, how strongly it fires on each token of
 * the text. Errors: usage, not_found, and those of asking and testing.
 */
export async function showFeature(context: CommandContext, session: Session, text: string): Promise<number> {
  const place = parseId(text);
  const id = idText(place);
  return closeAfter(async (own) => {
    const http = own(session.open());
    const feature = await withSpinner(context.out, `reading ${id}`, () => fetchFeature(http, place));
    if (!feature)
      throw new AppError('not_found', `${session.name} has no feature ${id}`, {
        hints: ['neuronpedia status lists what was uploaded from here; use --api-url to ask another server'],
        details: { id },
      });
    if (context.options.text === undefined) describeFeature(context, session, id, feature);
    else await test(context, session, http, place, feature);
    return 0;
  });
}

function describeFeature({ out }: CommandContext, session: Session, id: string, feature: Feature): void {
  const url = session.idOrUrl(id);
  const embedUrl = session.embedded ? undefined : url + embedQuery;
  showLines(out, [
    ['feature', url],
    ...(embedUrl === undefined ? [] : [['embed', embedUrl] as const]),
    ...featureLines(out, feature),
  ]);
  out.document({ type: 'feature', id, url, ...(embedUrl !== undefined && { embedUrl }), feature });
}

function showLines({ result, page }: CommandContext['out'], lines: readonly FeatureLine[]): void {
  for (const [name, text] of lines) result(`${page.paint.bold(name.padEnd(13))}${text}`);
}

async function test(
  { out, options, stop }: CommandContext,
  session: Session,
  http: Http,
  place: FeatureId,
  feature: Feature,
): Promise<void> {
  const id = idText(place);
  const text = options.text as string;
  const fired = await withSpinner(out, `testing ${id}`, () => testActivation(http, place, text, stop));
  const { tokens, values, maxValue, maxValueTokenIndex, standIn } = fired;
  const name = feature.name ?? feature.vectorLabel;
  showLines(out, [
    ['feature', session.idOrUrl(id)],
    ...(name ? [['name', safeText(name)] as const] : []),
    [
      'strongest',
      `${round(maxValue)} at token ${maxValueTokenIndex}, "${tokenText(tokens[maxValueTokenIndex] ?? '')}"`,
    ],
  ]);
  if (standIn)
    out.warn('this server runs no model: these values are made up (the same text always gives the same ones)');
  const shown = tokens.map(tokenText);
  const width = shown.reduce((most, token) => Math.min(30, Math.max(most, widthOf(token))), 0);
  for (const [i, token] of shown.entries()) {
    const value = values[i] as number;
    const line = `${token}${' '.repeat(Math.max(0, width - widthOf(token)))}  ${round(value).padStart(9)}  ${bar(value, maxValue, out.page.unicode)}`;
    out.result(i === maxValueTokenIndex ? out.page.paint.bold.yellow(`${line} <`) : line);
  }
  out.document({ type: 'activation', id, url: session.idOrUrl(id), text, ...fired });
}

const barWidth = 20;

function bar(value: number, most: number, unicode: boolean): string {
  return most > 0 && value > 0 ? (unicode ? '█' : '#').repeat(Math.max(1, Math.round((barWidth * value) / most))) : '';
}
