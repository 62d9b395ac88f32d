/**
 * Reads the scalars of a simple YAML file by dotted name: `model_name: x` is `model_name`, and `d_model:` with an
 * indented `value: 2304` under it, as wandb writes it, is `d_model.value`. Reads only mappings and plain or quoted
 * one-line scalars, which is all that the configs here need. Lists, blocks and anchors are skipped with all that is in them.
 */
export function readYamlScalars(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const parents: { indent: number; key: string }[] = [];
  /** Indentation of the last line that was no key of a mapping: deeper lines belong to it. */
  let closed = Number.POSITIVE_INFINITY;
  for (const line of text.split(/\r?\n/)) {
    const match = /^( *)([A-Za-z_][\w.-]*) *:(?: +([^\n]*))?$/.exec(line);
    const indent = line.length - line.trimStart().length;
    if (/^\s*(#|$)|^(---|\.\.\.|%)/.test(line) || indent > closed) continue;
    if (!match) {
      closed = indent;
      continue;
    }
    while (parents.length > 0 && (parents.at(-1) as { indent: number }).indent >= indent) parents.pop();
    const name = [...parents.map(({ key }) => key), match[2]].join('.');
    const value = scalar(match[3] ?? '');
    closed = value === '' ? Number.POSITIVE_INFINITY : indent;
    if (value === '') parents.push({ indent, key: match[2] as string });
    else if (value !== undefined && !found.has(name)) found.set(name, value);
  }
  return found;
}

/** Returns the text of a scalar. Undefined for null and for anything but a one-line scalar. */
function scalar(written: string): string | undefined {
  const quoted = /^(["'])(.*?)\1\s*(?:#[^\n]*)?$/.exec(written);
  if (quoted) return quoted[2];
  const plain = written.replace(/(^|\s)#[^\n]*$/, '').trim();
  return /^[[{&*|>]/.test(plain) || plain === 'null' || plain === '~' ? undefined : plain;
}
