/** What makes a text impossible to store and give back as it is; undefined when nothing does. */
export function textProblem(text: string): string | undefined {
  // The driver cuts a bound text at NUL, so that one text would silently match another.
  if (text.includes('\0')) return 'text holds a NUL character';
  return /\p{Surrogate}/u.test(text) ? 'text holds a lone surrogate' : undefined;
}
