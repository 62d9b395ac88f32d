import { stripVTControlCharacters } from 'node:util';

let segmenter: Intl.Segmenter | undefined;

/** Splits a text into characters as a reader sees them. Loading the segmenter takes 10 ms: it waits for the first use. */
function signsOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

const ascii = /^[ -~]*$/;
const words = /\n|[^\S\n]+|\S+/gu;
/** Emoji and East Asian scripts take two columns. */
const wide =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Makes a server's text safe for a terminal: characters that would move the cursor, change colours or reverse the text
 * are replaced by visible ones. Newlines stay, tabs become spaces.
 */
export function safeText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '    ')
    .replace(control, (sign) => (sign < ' ' ? String.fromCodePoint(0x2400 + sign.charCodeAt(0)) : '\ufffd'));
}

/**
 * The codes that chalk writes here: bold, dim and a few colours. A file name may contain them too and is then coloured,
 * but codes that hide or reverse text are not among them.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const style = /(\u001b\[(?:1|2|22|3[1-69])m)/;

/** Makes a line safe for a terminal, and keeps its bold and colours only if `painted`. */
export function safeLine(line: string, painted: boolean): string {
  const pieces = line.split(style).map((piece, i) => (i % 2 === 0 ? safeText(piece) : painted ? piece : ''));
  return pieces.join('');
}

/** Escapes what a terminal would act on in JSON text, without changing its meaning. */
export function safeJson(json: string): string {
  return json.replace(control, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Returns how many columns a text without newlines takes. */
export function widthOf(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const { segment } of signsOf(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** Wraps a text to `width` columns, between words if possible. Text appended later changes nothing before the last line. */
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
    // Spaces at a break made here are dropped; after a newline they are indentation.
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

/** Shortens a text to `width` columns by cutting out its middle: it is the end that tells paths apart. */
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

/** Width of the label that a plan's line begins with, and so the indent of the lines below it. */
const labelColumns = 9;

/**
 * Wraps one line for people to `width` columns, between words, and indents the lines that continue it. A command to copy is
 * left whole, with what follows it: broken by the terminal instead, it is still copied as one line.
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

/** Wraps `text` between words and appends `whole`, which is never broken. */
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
