import type { IncomingMessage, ServerResponse } from 'node:http';

/** Reads a whole body and keeps its first `cap` bytes. Rejects if the client disconnects before its end. */
export function readCutBody(request: IncomingMessage, cap: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let left = cap;
    request.on('data', (chunk: Uint8Array) => {
      if (left > 0) chunks.push(chunk.subarray(0, left));
      left -= Math.min(left, chunk.length);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the client went away')));
  });
}

/**
 * Reads a request body of at most `cap` bytes. Resolves to undefined as soon as it is known to be larger.
 * Rejects if the client disconnects before its end.
 */
export function readBody(request: IncomingMessage, cap: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > cap) return resolve(undefined);
    let size = 0;
    request.on('data', (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > cap) resolve(undefined);
    });
    readCutBody(request, cap).then(resolve, reject);
  });
}

/**
 * Sends an answer whose request body has not been read. Closing at once would reset the connection while the client is
 * still writing, and the answer would be lost. So up to `most` bytes of the body are discarded first.
 */
export function endUnread(request: IncomingMessage, response: ServerResponse, text: string, most: number): void {
  let left = most;
  response.write(text);
  request.on('data', (chunk: Uint8Array) => {
    left -= chunk.length;
    if (left < 0) response.end(() => request.destroy());
  });
  request.on('end', () => response.end());
  request.on('close', () => response.end());
  request.resume();
}
