/** A word of a command line as a POSIX shell wants it: in quotes where it holds more than letters. */
export function shellWord(word: string): string {
  return /^[\w./:@=,{}+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
