import { expect, test } from 'vitest';
import { eventData } from '../../src/api/event-stream.ts';

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size: number): Promise<string[]> {
  const events: string[] = [];
  for await (const data of eventData(cut(Buffer.from(text), size))) events.push(data);
  return events;
}

const streams: [string, string, string[]][] = [
  ['LF', 'data: {"a":"é 日本"}\n\ndata: 2\n\n', ['{"a":"é 日本"}', '2']],
  ['CRLF and a byte order mark', '\ufeffdata: 1\r\n\r\ndata:2\r\n\r\n', ['1', '2']],
  ['CR alone', 'data: 1\r\rdata: 2\r\r', ['1', '2']],
  ['comments and other fields', ': hello\nevent: frame\nid: 7\nretry: 10\ndata: 1\n\n: bye\n\n', ['1']],
  ['data of several lines', 'data: {"a":\ndata: 1}\n\n', ['{"a":\n1}']],
  ['data after two spaces, dropping only one', 'data:  two\n\n', [' two']],
  ['a last event without its blank line', 'data: 1\n\ndata: 2', ['1', '2']],
  ['a last line that ends in CR', 'data: 1\n\ndata: 2\r', ['1', '2']],
  ['an empty stream', '', []],
];

for (const [what, text, events] of streams) {
  test(`reads ${what}, from chunks of any size`, async () => {
    for (let size = 1; size <= Buffer.byteLength(text) + 1; size++) expect(await read(text, size)).toEqual(events);
  });
}

test('gives up on an event that is too large', async () => {
  await expect(read(`data: ${'x'.repeat(9 << 20)}`, 1 << 20)).rejects.toThrow(/event of more than/);
});
