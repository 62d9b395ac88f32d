/** A text of more than this without an end of line or event is nothing that we could show. */
const longestEvent = 8 << 20;
/** A completion is some hundred tokens, and an event each. */
const mostEvents = 1 << 14;

/**
 * The data of each event in a stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html),
 * however its bytes are cut: lines end in LF, CR or CRLF, comments and other fields are passed over. An event that the
 * stream's end has cut off before its blank line is given too: whoever reads it sees whether it is whole.
 * Error: RangeError for a stream that does not look like ending.
 */
export async function* eventData(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = eventReader();
  let count = 0;
  for await (const chunk of chunks) {
    for (const event of reader.read(decoder.decode(chunk, { stream: true }))) {
      if (++count > mostEvents) throw new RangeError(`more than ${mostEvents} events`);
      yield event;
    }
  }
  yield* reader.end(decoder.decode());
}

/** Cuts text into events, piece by piece. What is no event takes no turn of its own: a server may send any amount of it. */
function eventReader() {
  let data: string[] = [];
  let length = 0;
  let rest = '';
  let held = '';
  const take = (lines: readonly string[]) => {
    const events: string[] = [];
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) events.push(data.join('\n'));
        data = [];
        length = 0;
      } else if (line.startsWith('data:') || line === 'data') {
        data.push(line.slice('data:'.length).replace(/^ /, ''));
        length += line.length;
      }
    }
    if (rest.length + length > longestEvent) throw new RangeError(`an event of more than ${longestEvent} characters`);
    return events;
  };
  return {
    read(text: string): string[] {
      const whole = held + text;
      // A CR at the end may be the first half of a CRLF: it waits for what follows.
      held = whole.endsWith('\r') ? '\r' : '';
      const lines = whole.slice(0, whole.length - held.length).split(/\r\n|\r|\n/);
      lines[0] = rest + lines[0];
      rest = lines.pop() as string;
      return take(lines);
    },
    end(text: string): string[] {
      const last = rest + held + text;
      const lines = last.split(/\r\n|\r|\n/);
      if (lines.at(-1) === '') lines.pop();
      rest = '';
      const events = take(lines);
      return data.length > 0 ? [...events, data.join('\n')] : events;
    },
  };
}
