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

/** Where both shells of Windows would do something else with it, however it is quoted: such a name is typed by hand. */
const unquotable = /["&|<>^%!\r\n]/;

/** For PowerShell and cmd, which share double quotes. */
export function windowsWord(word: string): string {
  if (/^[\w./\\:=+-]+$/.test(word)) return word;
  if (unquotable.test(word)) return 'NAME';
  // To cmd these are letters; in PowerShell they are within single quotes.
  if (/[$`]/.test(word)) return `'${word.replaceAll("'", "''")}'`;
  // A backslash before a quote would make a letter of it.
  return `"${word.replace(/\\+$/, (end) => end + end)}"`;
}
