import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test server answers to one request. */
export interface Said {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Whether to hang up without an answer. */
  readonly hangUp?: boolean;
}

/** Starts a server on loopback that answers by method and path, and records each request with its API key. */
export async function answerServer(answers: (request: string, nth: number) => Said) {
  const asked: { request: string; key: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const what = `${request.method} ${request.url}`;
    const nth = asked.filter((one) => one.request === what).length;
    asked.push({ request: what, key: request.headers['x-api-key'] as string | undefined });
    const { status = 200, headers = { 'content-type': 'application/json' }, body = '', hangUp } = answers(what, nth);
    request.resume().on('end', () => {
      if (hangUp) return response.destroy();
      response.writeHead(status, headers);
      return response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
