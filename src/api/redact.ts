/** Anything shorter is no key, and would match in every other word. */
const shortestSecret = 6;

/** Returns the forms that a key may take in text: as it is, in JSON, in a URL, in a header. The longest comes first. */
export function formsOf(secret: string): readonly string[] {
  if (secret.length < shortestSecret) return [];
  const encoded = encodeURIComponent(secret);
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encoded, Buffer.from(secret).toString('base64')];
  return [...new Set([...forms, secret.replaceAll('/', '\\/')])].sort((a, b) => b.length - a.length);
}

/** Replaces a key, in any of its forms, in a text. */
export function redact(text: string, forms: Iterable<string>): string {
  let kept = text;
  for (const form of forms) if (kept.includes(form)) kept = kept.replaceAll(form, '[key]');
  return kept;
}
