import fc from 'fast-check';

/** A JSON text in parts, which can hold what JSON.stringify would not write: a duplicate key, 1e999. */
type Node = { readonly text: string } | { items: Node[] } | { entries: [key: string, value: Node][] };

const deep = 20_000;

/** Texts that a terminal would act on: colour, window title, cleared screen, C1 control, reversed text, overwriting. */
export const escapes = [
  '\u001b[31mred\u001b[0m',
  '\u001b]0;title\u0007',
  '\u001b[2J\u001b[H',
  '\u009b31m',
  '\u202eabc',
  'a\rb\u0008c',
];

/** Values that a program is least likely to expect, as JSON text. */
const hostile: readonly string[] = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1', '1.5', '-1e-7', '1e308', '1e999', '-1e999', 'NaN'],
  ...['2147483648', '4294967296', '9007199254740991', '9007199254740993', '18446744073709551616', '1'.repeat(400)],
  ...['""', '" "', '"0"', '"1"', '"01"', '"-1"', '"1e3"', '"0x10"', '"9007199254740993"', '"NaN"', '"null"'],
  ...[
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udc00x"',
    '"\\r\\n"',
    '"\\ufeff"',
    '"../../etc/passwd"',
    '"/"',
    '"__proto__"',
  ],
  ...escapes.map((text) => JSON.stringify(text)),
  ...[`"${'x'.repeat(100_000)}"`, '[]', '{}', '[[]]', '[{}]', '[null]', '[0]', '["a"]', '[1,[2]]'],
  ...[
    '{"__proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '{"toString":null,"valueOf":null}',
  ],
  ...['{"length":4294967295}', '{"then":1}', '{"toJSON":1}', '{"value":{}}'],
  ...[`${'['.repeat(deep)}${']'.repeat(deep)}`, `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`, '['.repeat(deep)],
];
const strangeKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  'then',
  '',
  '\u0000',
  '\u001b[31m',
  '0',
  'index',
];

/** Generates any value at all, as JSON text that need not be valid. */
export const anyJson: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...hostile) },
  fc.json({ maxDepth: 3 }),
);

/** One lie. Its place is a fraction of all the places in a document, so that it fits any document. */
export interface Lie {
  readonly at: number;
  readonly how: 'replace' | 'remove' | 'twice' | 'add';
  readonly key: string;
  readonly text: string;
}
const lie: fc.Arbitrary<Lie> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'twice', 'add'),
  key: fc.constantFrom(...strangeKeys),
  text: anyJson,
});

/** Generates one to three lies. */
export const jsonLies: fc.Arbitrary<readonly Lie[]> = fc.array(lie, { minLength: 1, maxLength: 3 });

/** Returns the text of a document with lies in it. */
export function withLies(document: unknown, lies: readonly Lie[]): string {
  const root: Node = { items: [nodeOf(document)] };
  for (const one of lies) tell(root, one);
  return root.items.map(textOf).join('');
}

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { items: value.map(nodeOf) };
  if (typeof value !== 'object' || value === null) return { text: JSON.stringify(value) };
  return { entries: Object.entries(value).map(([key, of]) => [key, nodeOf(of)]) };
}

function textOf(node: Node): string {
  if ('text' in node) return node.text;
  if ('items' in node) return `[${node.items.map(textOf).join(',')}]`;
  return `{${node.entries.map(([key, value]) => `${JSON.stringify(key)}:${textOf(value)}`).join(',')}}`;
}

/** Where a value is: its container, and its index in there. */
interface Place {
  readonly holder: { items: Node[] } | { entries: [string, Node][] };
  readonly i: number;
  readonly value: Node;
}

function placesIn(holder: Node): Place[] {
  if ('text' in holder) return [];
  const values = 'items' in holder ? holder.items : holder.entries.map(([, value]) => value);
  return values.flatMap((value, i) => [{ holder, i, value }, ...placesIn(value)]);
}

function tell(root: { items: Node[] }, { at, how, key, text }: Lie): void {
  const places = placesIn(root);
  const place = places[Math.min(places.length - 1, Math.floor(at * places.length))];
  if (!place) return;
  const { holder, i, value } = place;
  const lied: Node = { text };
  if (how === 'add' && !('text' in value)) {
    if ('items' in value) value.items.push(lied);
    else value.entries.push([key, lied]);
  } else if ('items' in holder) {
    holder.items.splice(i, how === 'twice' ? 0 : 1, ...(how === 'remove' ? [] : [lied]));
  } else {
    const [name] = holder.entries[i] as [string, Node];
    holder.entries.splice(i, how === 'twice' ? 0 : 1, ...(how === 'remove' ? [] : [[name, lied] as [string, Node]]));
  }
}

/** Whether reading something has changed the prototype of all objects. */
export function isPolluted(): boolean {
  return 'polluted' in {};
}
