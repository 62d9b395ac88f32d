import { stripVTControlCharacters } from 'node:util';

let segmenter: Intl.Segmenter | undefined;

/** What is one sign to a reader. Its tables take 10 ms to load, which a start without other signs than ASCII does not wait for. */
function signsOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

const ascii = /^[ -~]*$/;
const words = /\n|[^\S\n]+|\S+/gu;
/** Pictures and the scripts of East Asia take two columns. */
const wide =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A server's text as a terminal may show it: what would move the cursor, change colours or turn the line round is
 * replaced by signs. Newlines stay, tabs become spaces.
 */
export function safeText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '    ')
    .replace(control, (sign) => (sign < ' ' ? String.fromCodePoint(0x2400 + sign.charCodeAt(0)) : '\ufffd'));
}

/**
 * What chalk writes here: bold, dim and a few colours. A file's name may hold the same, and is then coloured; what hides
 * or turns round a text is not among it.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const style = /(\u001b\[(?:1|2|22|3[1-69])m)/;

/** A line that may be painted, as a terminal may show it; on one that shows no colours without its paint. */
export function safeLine(line: string, painted: boolean): string {
  const pieces = line.split(style).map((piece, i) => (i % 2 === 0 ? safeText(piece) : painted ? piece : ''));
  return pieces.join('');
}

/** JSON text that says the same and holds nothing that a terminal obeys. */
export function safeJson(json: string): string {
  return json.replace(control, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Columns that a text without newlines takes. */
export function widthOf(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const { segment } of signsOf(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** Breaks a text into lines of at most `width` columns, between words where it can; text added at the end changes the last line only. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  let atBreak = false;
  const next = (isBreak: boolean) => {
    lines.push(line);
    line = '';
    used = 0;
    atBreak = isBreak;
  };
  for (const [word] of safeText(text).matchAll(words)) {
    if (word === '\n') {
      next(false);
      continue;
    }
    const size = widthOf(word);
    if (used + size > width && used > 0) next(true);
    // Spaces where a line is broken are the break; after a newline they indent.
    if (used === 0 && atBreak && word.trim() === '') continue;
    for (const { segment } of size > width ? signsOf(word) : [{ segment: word }]) {
      const piece = widthOf(segment);
      if (used + piece > width && used > 0) next(true);
      line += segment;
      used += piece;
    }
  }
  next(false);
  return lines;
}

/** A text of at most `width` columns: of a longer one the middle is left out, the end being what tells paths apart. */
export function cutMiddle(text: string, width: number, mark: string): string {
  if (widthOf(text) <= width) return text;
  const parts = [...signsOf(text)].map(({ segment }) => segment);
  const room = Math.max(0, width - widthOf(mark));
  const [left, right]: [string[], string[]] = [[], []];
  let used = 0;
  for (let i = 0, j = parts.length - 1; i < j; ) {
    const fromLeft = widthOf(left.join('')) <= widthOf(right.join(''));
    const part = parts[fromLeft ? i++ : j--] as string;
    used += widthOf(part);
    if (used > room) break;
    if (fromLeft) left.push(part);
    else right.unshift(part);
  }
  return left.join('') + mark + right.join('');
}

/** What a plan's line begins with, and what stands under it. */
const labelColumns = 9;

/**
 * Lines of at most `width` columns of one line for people, broken between words; what goes on stands under what it
 * belongs to. A command to be copied is left whole, with what follows it, for the terminal to break: it comes back as one line.
 */
export function wrapNote(line: string, width: number): string[] {
  const plain = stripVTControlCharacters(line);
  if (widthOf(plain) <= width) return [line];
  const label = plain.slice(0, labelColumns);
  const leading = plain.length - plain.trimStart().length;
  const indent = /^(\S+ +| +)$/.test(label) && !plain.startsWith('neuronpedia:') ? labelColumns : leading + 2;
  const from = /neuronpedia [a-z-]+ |(?<![A-Z_])[A-Z_]{1,64}=\S/.exec(line)?.index ?? line.length;
  const [first, ...rest] = wrapWords(line.slice(0, from), line.slice(from), width, indent);
  return [first ?? '', ...rest.map((text) => ' '.repeat(indent) + text)];
}

/** Words, and behind them what is one whatever its length. */
function wrapWords(text: string, whole: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  let now = '';
  const words = text.trimEnd().split(/(?<=\S)(?= )/);
  for (const word of whole === '' ? words : [...words, text.slice(text.trimEnd().length) + whole]) {
    const room = width - (lines.length > 0 ? indent : 0);
    if (now !== '' && widthOf(stripVTControlCharacters(now + word)) > room) {
      lines.push(now);
      now = word.trimStart();
    } else now += word;
  }
  return [...lines, now];
}
