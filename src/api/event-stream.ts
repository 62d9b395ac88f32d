/** A text of more than this without an end of line or event is nothing that we could show. */
const longestEvent = 8 << 20;

/**
 * The data of each event in a stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html),
 * however its bytes are cut: lines end in LF, CR or CRLF, comments and other fields are passed over. An event that the
 * stream's end has cut off before its blank line is given too: whoever reads it sees whether it is whole.
 */
export async function* eventData(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of textLines(chunks)) {
    if (line === '') {
      if (data.length > 0) yield data.join('\n');
      data = [];
    } else if (line.startsWith('data:') || line === 'data') {
      data.push(line.slice('data:'.length).replace(/^ /, ''));
    }
  }
  if (data.length > 0) yield data.join('\n');
}

/** Lines without their ends; a byte order mark at the start is none of the text. */
async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the end may be the first half of a CRLF: it waits for what follows.
    const held = rest.endsWith('\r') ? '\r' : '';
    const lines = rest.slice(0, rest.length - held.length).split(/\r\n|\r|\n/);
    rest = (lines.pop() as string) + held;
    yield* lines;
    if (rest.length > longestEvent) throw new RangeError(`an event of more than ${longestEvent} characters`);
  }
  const lines = (rest + decoder.decode()).split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  yield* lines;
}
