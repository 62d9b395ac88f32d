import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';

/** Returns the headers of an answer. The content type is JSON unless the answer sets another, or none. */
export function headersOf({ text, type = 'application/json', stream, headers }: Answer): Record<string, string> {
  return {
    ...(type === null ? {} : { 'content-type': type }),
    ...(stream === undefined ? { 'content-length': String(Buffer.byteLength(text)) } : {}),
    ...headers,
  };
}

function writePart(response: ServerResponse, part: string): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(part, (error) => (error ? reject(error) : resolve()));
  });
}

/** Sends an answer. Rejects if its stream fails, perhaps with some parts sent: the caller must cut the connection. */
export async function sendAnswer(response: ServerResponse, given: Answer): Promise<void> {
  const { status, text, stream } = given;
  if (stream === undefined) {
    response.writeHead(status, headersOf(given));
    response.end(text);
    return;
  }
  for await (const part of stream) {
    if (!response.headersSent) response.writeHead(status, headersOf(given));
    await writePart(response, part);
  }
  response.end();
}
