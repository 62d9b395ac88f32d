/** Anything shorter is no key, and would be found in every other word. */
const shortestSecret = 6;

/** How a key may stand in a text: as it is, in JSON, in an address, in a header. The longest first. */
export function formsOf(secret: string): readonly string[] {
  if (secret.length < shortestSecret) return [];
  const encoded = encodeURIComponent(secret);
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encoded, Buffer.from(secret).toString('base64')];
  return [...new Set([...forms, secret.replaceAll('/', '\\/')])].sort((a, b) => b.length - a.length);
}

/** A text without a key in any of its forms. */
export function redact(text: string, forms: Iterable<string>): string {
  let kept = text;
  for (const form of forms) if (kept.includes(form)) kept = kept.replaceAll(form, '[key]');
  return kept;
}
