import type { Known, Sae } from './sae.ts';

/** The segment of a path that matched a pattern, with the pattern's groups. */
export interface InPath {
  readonly segment: string;
  readonly groups: readonly (string | undefined)[];
}

/** Returns the last segment of a path that matches. */
export function inPath(path: string, pattern: RegExp): InPath | undefined {
  for (const segment of path.split(/[\\/]/).reverse()) {
    const match = pattern.exec(segment);
    if (match) return { segment, groups: match.slice(1) };
  }
  return undefined;
}

/** Reads the layer from a folder's name in a path, with that folder as the source. */
export function layerIn(path: string, pattern: RegExp): Known<number> | undefined {
  const found = inPath(path, pattern);
  return found?.groups[0] === undefined
    ? undefined
    : { value: Number(found.groups[0]), from: `folder ${found.segment}` };
}

/** Whether `16k` or `1m` in a name can mean this many features (16384 or 1048576). True for any other token. */
export function tokenFits(token: string, features: number): boolean {
  const [, digits, unit] = /^(\d+)([km])$/.exec(token) ?? [];
  if (digits === undefined) return true;
  const [decimal, binary] = unit === 'k' ? [1e3, 1 << 10] : [1e6, 1 << 20];
  return Math.floor(features / decimal) === Number(digits) || features === Number(digits) * binary;
}

/** Returns the SAE, with a doubt if a name in its path (`width_16k`) contradicts its number of features. */
export function checkedByPath(sae: Sae, place: InPath | undefined, token: string | undefined): Sae {
  const features = sae.decoder.shape[sae.orientation?.value === 'columns' ? 1 : 0] as number;
  if (!place || token === undefined || tokenFits(token, features)) return sae;
  return { ...sae, doubts: [...(sae.doubts ?? []), `it has ${features} features, but its path says ${place.segment}`] };
}
