import { readFileSync } from 'node:fs';

/** A row of the README's table of what the upload page offers. */
export interface PageRow {
  /** What the page calls it. */
  readonly name: string;
  /** Arguments after `neuronpedia`; a file that is piped in. */
  readonly args: readonly string[];
  readonly stdin?: string;
}

/** The rows of the table, in order. */
export function pageRows(): PageRow[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, table = ''] = /<!-- page -->([\s\S]*?)<!-- \/page -->/.exec(readme) ?? [];
  const cells = [...table.matchAll(/^\| ([^|]+) \| `([^`]+)` \| [^|]+ \|$/gm)];
  return cells.map(([, name = '', command = '']) => ({ name, ...parse(command) }));
}

/** As a shell would read it: words, double quotes, and `< FILE` at the end. */
function parse(command: string): Omit<PageRow, 'name'> {
  const [words = '', stdin] = command.replace(/^neuronpedia /, '').split(' < ');
  const args = [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  return { args, ...(stdin !== undefined && { stdin }) };
}
