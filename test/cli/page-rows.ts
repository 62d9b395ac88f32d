import { readFileSync } from 'node:fs';

/** A row of the README's table of what the upload page offers. */
export interface PageRow {
  /** The name that the page uses. */
  readonly name: string;
  /** The arguments after `neuronpedia`. */
  readonly args: readonly string[];
  /** The name of the file to pipe in. */
  readonly stdin?: string;
}

/** Returns the rows of the table, in order. */
export function pageRows(): PageRow[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, table = ''] = /<!-- page -->([\s\S]*?)<!-- \/page -->/.exec(readme) ?? [];
  const cells = [...table.matchAll(/^\| ([^|]+) \| `([^`]+)` \| [^|]+ \|$/gm)];
  return cells.map(([, name = '', command = '']) => ({ name, ...parse(command) }));
}

/** Splits a command as a shell would: words, double quotes, and `< FILE` at the end. */
function parse(command: string): Omit<PageRow, 'name'> {
  const [words = '', stdin] = command.replace(/^neuronpedia /, '').split(' < ');
  const args = [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  return { args, ...(stdin !== undefined && { stdin }) };
}
