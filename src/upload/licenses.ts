import known from 'spdx-license-ids/index.json' with { type: 'json' };

/** Common spellings of licences that differ from their SPDX identifiers. */
const otherSpellings: ReadonlyMap<string, string> = new Map([
  ['cc0', 'CC0-1.0'],
  ['cc-by', 'CC-BY-4.0'],
  ['cc-by-4', 'CC-BY-4.0'],
  ['cc-by-sa', 'CC-BY-SA-4.0'],
  ['cc-by-nc', 'CC-BY-NC-4.0'],
  ['apache', 'Apache-2.0'],
  ['apache-2', 'Apache-2.0'],
]);

/** Returns the SPDX identifier for what was typed, in any case (`CC-BY 4.0` and `CC0` too); undefined if there is none. */
export function parseLicense(typed: string): string | undefined {
  const wanted = typed.trim().toLowerCase().replace(/\s+/g, '-');
  return otherSpellings.get(wanted) ?? known.find((id) => id.toLowerCase() === wanted);
}
