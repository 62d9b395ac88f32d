/** Lines on a terminal that are redrawn in place. */
export interface Screen {
  readonly columns: number;
  /** Draws lines over the previous ones; if not all fit, only the last ones. */
  draw(lines: readonly string[]): void;
  /** Erases what was drawn. */
  clear(): void;
}

const [clearLine, clearBelow, hideCursor, showCursor] = ['\x1b[K', '\x1b[J', '\x1b[?25l', '\x1b[?25h'];
const up = (lines: number) => `\r${lines > 0 ? `\x1b[${lines}A` : ''}`;

/**
 * Draws on a terminal. Lines that scroll off the top cannot be redrawn, so it never draws more than fit.
 * Clears line by line: some terminals keep a copy of a screen that is cleared all at once.
 */
export function createScreen(stream: NodeJS.WriteStream, redact: (text: string) => string): Screen {
  let drawn = 0;
  return {
    get columns() {
      return stream.columns || 80;
    },
    draw: (lines) => {
      const shown = lines.slice(-Math.max(1, (stream.rows || 24) - 1));
      const text = shown.map((line) => `${redact(line)}${clearLine}\n`).join('');
      const below = drawn > shown.length ? clearBelow : '';
      stream.write(hideCursor + up(drawn) + text + below);
      drawn = shown.length;
    },
    clear: () => {
      stream.write(up(drawn) + `${clearLine}\n`.repeat(drawn) + up(drawn) + showCursor);
      drawn = 0;
    },
  };
}
