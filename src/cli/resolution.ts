/** What `--resolve` says about a row: the server has it under this id, or does not have it. */
export interface Resolution {
  readonly row: number;
  /** `model/source/index` or the URL of a row; null for `absent`. */
  readonly id: string | null;
}

/** Reads `3=absent` or `3=gpt2-small/6-my-sae/17`. Returns undefined for anything else. */
export function parseResolution(text: string): Resolution | undefined {
  const [, row, id] = /^(\d{1,15})=(\S+)$/.exec(text.trim()) ?? [];
  if (row === undefined || id === undefined) return undefined;
  return { row: Number(row), id: id === 'absent' ? null : id };
}
