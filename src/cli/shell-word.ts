import { platform } from 'node:os';

/** A word of a command line as this system's shell wants it: in quotes where it holds more than letters. */
export function shellWord(word: string): string {
  return platform() === 'win32' ? windowsWord(word) : posixWord(word);
}

/** For POSIX shells. */
export function posixWord(word: string): string {
  // What stands in braces is spread out where there is a comma or two points in it.
  const isPlain = /^[\w./:@=,{}+-]+$/.test(word) && !/\{.*(,|\.\.).*\}/.test(word);
  return isPlain ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** For PowerShell and cmd, which share double quotes. */
export function windowsWord(word: string): string {
  return /^[\w./\\:=+-]+$/.test(word) ? word : `"${word.replaceAll('"', '\\"')}"`;
}
