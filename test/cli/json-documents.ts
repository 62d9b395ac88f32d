import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from './run-cli.ts';

/** The fields of a kind of document: those always present, and those present only sometimes. */
export interface Fields {
  readonly always: ReadonlySet<string>;
  readonly sometimes: ReadonlySet<string>;
}

/** Reads the README's table of documents, keyed by the names in its first column. */
export function documentedFields(): Map<string, Fields> {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, table = ''] = /<!-- json -->\n([\s\S]*)<!-- \/json -->/.exec(readme) ?? [];
  const rows = [...table.matchAll(/^\| `([^`]+)`[^|]*\| (.*) \|$/gm)];
  return new Map(
    rows.map(([, name, text]) => {
      const fields = [...(text as string).matchAll(/`([\w]+)(\??)`/g)];
      const named = (mark: string) =>
        new Set(fields.filter((field) => field[2] === mark).map((field) => field[1] as string));
      return [name as string, { always: named(''), sometimes: named('?') }];
    }),
  );
}

/** Returns a document and the jobs in it, each with the name under which the README's table describes it. */
export function describedParts(command: string, document: Json): [string, Json][] {
  const { type } = document;
  const direction = command === 'upload-vector' || command === 'upload-probe' ? 'upload-vector' : command;
  const name = type === 'summary' ? `summary of ${direction}` : type;
  const ofJobs = `${name}: jobs${document.status === 'dry-run' ? ' with --dry-run' : ''}`;
  const parts = (document.jobs ?? []).map((job: Json): [string, Json] => [ofJobs, job]);
  return [[name, document], ...parts];
}
