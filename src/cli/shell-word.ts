import { platform } from 'node:os';

/** Returns a word of a command line as this system's shell needs it, in quotes if it holds special characters. */
export function shellWord(word: string): string {
  return platform() === 'win32' ? windowsWord(word) : posixWord(word);
}

/** Quotes a word for POSIX shells. */
export function posixWord(word: string): string {
  // Shells expand braces that hold a comma or two dots.
  const isPlain = /^[\w./:@=,{}+-]+$/.test(word) && !/\{.*(,|\.\.).*\}/.test(word);
  return isPlain ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Characters that no quotes protect in both Windows shells: such a word is shown as NAME, to be typed by hand. */
const unquotable = /["&|<>^%!\r\n]/;

/** Quotes a word for PowerShell and cmd, which both understand double quotes. */
export function windowsWord(word: string): string {
  if (/^[\w./\\:=+-]+$/.test(word)) return word;
  if (unquotable.test(word)) return 'NAME';
  // These are ordinary characters to cmd, and to PowerShell only within single quotes.
  if (/[$`]/.test(word)) return `'${word.replaceAll("'", "''")}'`;
  // A backslash before the closing quote would escape it.
  return `"${word.replace(/\\+$/, (end) => end + end)}"`;
}
