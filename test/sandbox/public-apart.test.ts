import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readExchanges } from './exchanges.ts';

const sandbox = join(import.meta.dirname, '../../src/sandbox');
const names = readdirSync(sandbox, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
const files = names.filter((name) => name.endsWith('.ts'));
const textOf = (name: string) => readFileSync(join(sandbox, name), 'utf8');

test('the two kinds of server do not import each other, and shared code imports neither', () => {
  const wrong = files.flatMap((name) => {
    const kind = /^(protocol|public)\//.exec(name)?.[1];
    const imports = [...textOf(name).matchAll(/from '(.+)'/g)].map((match) => match[1]!);
    const ofKinds = imports.filter((target) => /(protocol|public)\//.test(target));
    // Only these two choose between the kinds and export them.
    const mayKnow = name === 'server.ts' || name === 'index.ts';
    return mayKnow ? [] : ofKinds.map((target) => `${name} (${kind ?? 'shared'}) imports ${target}`);
  });
  expect(wrong).toEqual([]);
});

// Returns what the comments quote, with the lines of each joined: titles of exchanges, or parts of them.
function quotedIn(text: string): string[] {
  const comments = text.match(/\/\*\*[\s\S]*?\*\/|(?:^ *\/\/.*\n)+/gm) ?? [];
  const joined = comments.map((comment) => comment.replace(/\n *(?:\/\/|\*(?!\/)) ?/g, ' '));
  const plain = joined.map((comment) => comment.replace(/`[^`]*`/g, ''));
  return plain.flatMap((comment) => [...comment.matchAll(/"([^"]+)"/g)].map((match) => match[1]!));
}

test('every quotation in the comments of the public kind is from the title of a recorded exchange', () => {
  const titles = readExchanges().map(({ title }) => title);
  const cited = files.filter((name) => name.startsWith('public/')).flatMap((name) => quotedIn(textOf(name)));
  expect(cited.filter((quote) => !titles.some((title) => title.includes(quote)))).toEqual([]);
  expect(new Set(cited).size).toBeGreaterThan(50);
});
