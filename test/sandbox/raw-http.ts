import { request } from 'node:http';

/** An answer as it came over the wire; `status` is null if the connection was closed without one. */
export interface RawAnswer {
  status: number | null;
  type: string;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** Whether the answer arrived in full. */
  whole: boolean;
}

/** Sends one request unchanged and accepts whatever comes back, even half an answer or none. */
export function sendRaw(
  url: string,
  given: { method: string; path: string; headers?: Record<string, string>; body?: Uint8Array | string | undefined },
): Promise<RawAnswer> {
  const { method, path, headers = {}, body } = given;
  return new Promise((resolve) => {
    const none = { status: null, type: '', headers: {}, text: '', whole: false };
    const sent = request(new URL(path, url), { method, headers, agent: false }, (response) => {
      const chunks: Uint8Array[] = [];
      const { statusCode: status = null, headers: got } = response;
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      response.on('error', () => {});
      response.on('close', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status, type: got['content-type'] ?? '', headers: got, text, whole: response.complete });
      });
    });
    sent.on('error', () => resolve(none));
    sent.end(body);
  });
}
