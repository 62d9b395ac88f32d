/** A server's word for something as one line of plain text: nothing in it moves a cursor, ends a line or turns it round. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' ').trim();
}
