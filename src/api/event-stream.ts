/** Longest line or event, in characters: anything longer is nothing that we could show. */
const longestEvent = 8 << 20;
/** Most events in a stream. A completion has a few hundred tokens, with one event each. */
const mostEvents = 1 << 14;

/**
 * Yields the data of each server-sent event in a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html),
 * however its bytes are cut. Lines end in LF, CR or CRLF; comments and other fields are skipped. If the stream ends before
 * the blank line of its last event, that event is yielded too: the reader can tell whether it is whole.
 * Error: RangeError for too long an event, or too many.
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

/** Cuts text into events, piece by piece. Lines without data are dropped here: a server may send any number of them. */
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
      // A CR at the end may be the first half of a CRLF, so it is held back until more text arrives.
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
