import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { type ByteSource, openFile, readBytes } from '../tensor/byte-source.ts';
import { lineIndex, readJsonLine, saysNoIndex } from '../tensor/json-line.ts';
import { linesOf } from '../tensor/lines.ts';
import { unchangedSince } from '../tensor/unchanged.ts';
import type { Activation, Dashboard, DashboardPlace, DashboardSource, ReadOptions } from './dashboard.ts';
import { gatherDashboards, withTokens } from './gather.ts';
import { placeFault } from './place.ts';

const quantile = {
  quantileMin: z.nullish(z.number()),
  quantileMax: z.nullish(z.number()),
  quantileFraction: z.nullish(z.number()),
};
const activation = z.looseObject({ tokens: z.array(z.string()), values: z.array(z.number()), ...quantile });
const logits = z.nullish(z.array(z.looseObject({ token: z.string(), value: z.number() })));

/** A line holds a feature with its activations, or one activation of a feature. */
const line = z.looseObject({
  index: lineIndex,
  modelId: z.nullish(z.string()),
  model_id: z.optional(z.unknown()),
  layer: z.nullish(z.union([z.string(), z.number()])),
  density: z.nullish(z.number()),
  activations: z.nullish(z.array(activation)),
  tokens: z.nullish(z.array(z.string())),
  values: z.nullish(z.array(z.number())),
  ...quantile,
  topLogits: logits,
  bottomLogits: logits,
  explanations: z.nullish(z.array(z.looseObject({ text: z.string(), methodName: z.nullish(z.string()) }))),
});

type Line = z.infer<typeof line> & { readonly index: number };

/** Where the lines of a feature are in the file: start, length, start, length, … */
type Spans = Map<number, number[]>;

/**
 * Opens a `.jsonl` of dashboards: reads it once, checks every line, and remembers where each feature's lines are.
 * Errors: file_not_found, record_invalid listing the first faults by line.
 */
export async function openJsonLines(
  path: string,
  place: DashboardPlace,
  options: ReadOptions,
): Promise<DashboardSource> {
  const requireUnchanged = unchangedSince(path);
  const bytes = await openFile(path);
  try {
    const { spans, ...found } = await scan(path, bytes, place, options);
    return {
      path,
      ...found,
      read: async (index) => {
        const own = spans.get(index);
        const dashboard = own && merge(await readSpans(bytes, own, place.onlyIndex));
        requireUnchanged();
        return dashboard && withTokens(dashboard, options).dashboard;
      },
      close: () => bytes.close(),
    };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

async function scan(path: string, bytes: ByteSource, place: DashboardPlace, options: ReadOptions) {
  const spans: Spans = new Map();
  const whole = new Set<number>();
  const found = gatherDashboards(path, place, options);
  let number = 0;
  for await (const { text, start } of linesOf(path, bytes, found.read)) {
    number++;
    if (text.length === 0 || text.toString().trim() === '') continue;
    const parsed = parseLine(text, place.onlyIndex);
    if (typeof parsed === 'string') {
      found.fault(`line ${number}: ${parsed}`);
      continue;
    }
    const { index } = parsed;
    const fault = repeated(parsed, spans, whole);
    found.add(
      `line ${number}, feature ${index}`,
      index,
      merge([parsed]),
      fault,
      placeFault({ layer: parsed.layer, modelId: parsed.modelId ?? textOf(parsed.model_id) }, place),
    );
    const lines = spans.get(index);
    if (lines) lines.push(start, text.length);
    else spans.set(index, [start, text.length]);
  }
  return { spans, ...found.finish() };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Describes a repeated feature. Its single activations may be on many lines, but a whole dashboard is on one. */
function repeated(parsed: Line, spans: Spans, whole: Set<number>): string | undefined {
  const isWhole = Array.isArray(parsed.activations);
  const clash = whole.has(parsed.index) || (isWhole && spans.has(parsed.index));
  if (isWhole) whole.add(parsed.index);
  return clash ? 'this feature appears twice' : undefined;
}

/** Returns a line's fields, or what is wrong with it. */
function parseLine(text: Uint8Array, onlyIndex: number | undefined): Line | string {
  const parsed = readJsonLine(text, line);
  if (typeof parsed === 'string') return parsed;
  const { activations, tokens, values } = parsed;
  const index = parsed.index ?? onlyIndex;
  if (typeof index !== 'number') return saysNoIndex(parsed);
  if (activations && (tokens || values))
    return 'has both activations and tokens or values of its own: use one or the other';
  if (!activations && !(tokens && values)) return 'holds neither activations nor tokens and values';
  return { ...parsed, index };
}

async function readSpans(bytes: ByteSource, spans: readonly number[], onlyIndex: number | undefined): Promise<Line[]> {
  const lines: Line[] = [];
  for (let i = 0; i < spans.length; i += 2) {
    const parsed = parseLine(await readBytes(bytes, spans[i] as number, spans[i + 1] as number), onlyIndex);
    if (typeof parsed === 'string')
      throw new AppError('checkpoint_mismatch', `a line of the activations changed while it was being read: ${parsed}`);
    lines.push(parsed);
  }
  return lines;
}

/** Merges the lines of one feature into its dashboard. */
function merge(lines: readonly Line[]): Dashboard {
  const activations: Activation[] = lines.flatMap(({ activations, tokens, values, ...one }) =>
    (activations ?? [{ ...one, tokens: tokens ?? [], values: values ?? [] }]).map(toActivation),
  );
  // Any of the lines may hold what is said of the feature itself.
  const said = <K extends keyof Line>(name: K) => lines.find((line) => line[name] != null)?.[name];
  const [density, topLogits, bottomLogits] = [said('density'), said('topLogits'), said('bottomLogits')];
  const explanations = lines.flatMap((line) => line.explanations ?? []);
  return {
    activations,
    ...(typeof density === 'number' && { density }),
    ...(topLogits && { topLogits: topLogits.map(({ token, value }) => ({ token, value })) }),
    ...(bottomLogits && { bottomLogits: bottomLogits.map(({ token, value }) => ({ token, value })) }),
    ...(explanations.length > 0 && {
      explanations: explanations.map(({ text, methodName }) => ({ text, ...(methodName && { methodName }) })),
    }),
  };
}

function toActivation({
  tokens,
  values,
  quantileMin,
  quantileMax,
  quantileFraction,
}: z.infer<typeof activation>): Activation {
  return {
    tokens,
    values,
    ...(typeof quantileMin === 'number' && { quantileMin }),
    ...(typeof quantileMax === 'number' && { quantileMax }),
    ...(typeof quantileFraction === 'number' && { quantileFraction }),
  };
}
