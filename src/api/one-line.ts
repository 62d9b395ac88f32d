/** Makes a server's text one plain line, without characters that move a cursor, end a line or change text direction. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' ').trim();
}
