/** Returns why a text cannot be stored and read back unchanged; undefined if it can. */
export function textProblem(text: string): string | undefined {
  // The driver cuts a bound text at NUL, so two different texts would silently match.
  if (text.includes('\0')) return 'text contains a NUL character';
  return /\p{Surrogate}/u.test(text) ? 'text contains a lone surrogate' : undefined;
}
