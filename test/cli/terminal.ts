import { Writable } from 'node:stream';

/** A terminal of a given size: what is written to it, and what a person would see. */
export interface TestTerminal {
  readonly stream: NodeJS.WriteStream;
  /** Returns the lines that are on it or have scrolled off its top, without trailing spaces. */
  lines(): string[];
  written(): string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what it matches
const sequence = /^\x1b\[(\??[\d;]*)([A-Za-z])/u;

/**
 * Makes a terminal that understands what this tool writes: text, newline, carriage return, cursor up and to a column,
 * clearing. It ignores colours.
 */
export function testTerminal(columns: number, rows: number): TestTerminal {
  let text = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += chunk;
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY: true, columns, rows }) as unknown as NodeJS.WriteStream,
    lines: () => renderTerminal(text, rows),
    written: () => text,
  };
}

/** Returns what a person would see of a text on a terminal of `rows` rows. */
export function renderTerminal(text: string, rows: number): string[] {
  const grid: string[][] = [[]];
  let [y, x] = [0, 0];
  const line = () => grid[y] as string[];
  for (let at = 0; at < text.length; ) {
    const [whole, argument = '', command] = sequence.exec(text.slice(at)) ?? [];
    const sign = String.fromCodePoint(text.codePointAt(at) as number);
    at += whole?.length ?? sign.length;
    if (whole !== undefined) {
      // The cursor cannot move above the top of the screen.
      if (command === 'A') y = Math.max(y - Number(argument || 1), Math.max(0, grid.length - rows));
      if (command === 'G') x = Number(argument || 1) - 1;
      if (command === 'K' || command === 'J') line().length = x;
      if (command === 'J') grid.length = y + 1;
    } else if (sign === '\r') {
      x = 0;
    } else if (sign === '\n') {
      [y, x] = [y + 1, 0];
      grid[y] ??= [];
    } else {
      while (line().length < x) line().push(' ');
      line()[x++] = sign;
    }
  }
  const lines = grid.map((each) => each.join('').trimEnd());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}
