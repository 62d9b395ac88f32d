import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';

/** The head of an answer; its content type is JSON unless it says otherwise. */
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

/** Sends an answer whole. Rejects where its stream fails, with what came before sent: the connection is then to be cut. */
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
