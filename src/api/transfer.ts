import { setMaxListeners } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

/** What an answer says before its body. */
export interface Head {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** A request that is ready to go, and what ends it early. */
export interface Transfer {
  readonly options: Dispatcher.DispatchOptions;
  readonly signal: AbortSignal | undefined;
  /** Limit for the whole exchange. */
  readonly timeoutMs: number;
}

/** How a reader slows an answer down, or ends it. */
interface Flow {
  pause(): void;
  resume(): void;
  /** Stops reading; does nothing once the answer has ended. */
  leave(): void;
}

/** Receives an answer as it comes. The last call is `end` or `fail`. An error thrown by `piece` ends the exchange. */
interface Receiver {
  head(head: Head, flow: Flow): void;
  piece(chunk: Uint8Array): void;
  end(): void;
  fail(error: unknown): void;
}

/**
 * Sends a request and reads its answer to the end, giving each piece to `take`. undici's own `request` makes a stream of
 * every answer, which takes a quarter of the CPU time if the answer is one line, and more during the first few hundred.
 * Errors: those of the connection and of `take`, the signal's reason, and a TimeoutError.
 */
export function readWhole(
  dispatcher: Dispatcher,
  transfer: Transfer,
  take: (chunk: Uint8Array) => void,
): Promise<Head> {
  return new Promise((resolve, reject) => {
    let found: Head | undefined;
    start(dispatcher, transfer, {
      head(head) {
        found = head;
      },
      piece: take,
      end: () => resolve(found as Head),
      fail: reject,
    });
  });
}

/** Sends a request and returns its answer once it begins. Its body is received as it is read. Errors: as `readWhole`. */
export function openBody(dispatcher: Dispatcher, transfer: Transfer): Promise<Head & { readonly body: Readable }> {
  return new Promise((resolve, reject) => {
    let body: Readable | undefined;
    let flow: Flow;
    start(dispatcher, transfer, {
      head(head, control) {
        flow = control;
        body = new Readable({
          read: () => flow.resume(),
          destroy(error, done) {
            flow.leave();
            done(error);
          },
        });
        // Readers see the error anyway. Without this listener, one that comes before them would crash the process.
        body.on('error', () => undefined);
        resolve({ ...head, body });
      },
      piece(chunk) {
        if (!body?.push(chunk)) flow.pause();
      },
      end() {
        body?.push(null);
      },
      fail(error) {
        body?.destroy(error as Error);
        reject(error);
      },
    });
  });
}

function start(dispatcher: Dispatcher, { options, signal, timeoutMs }: Transfer, receiver: Receiver): void {
  let controller: Dispatcher.DispatchController | undefined;
  let ended: { readonly error?: unknown } | undefined;
  const end = (how: { readonly error?: unknown }) => {
    if (ended) return;
    ended = how;
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    if ('error' in how) receiver.fail(how.error);
    else receiver.end();
  };
  const cutOff = (error: unknown) => {
    if (ended) return;
    end({ error });
    controller?.abort(error as Error);
  };
  const abort = () => cutOff(signal?.reason ?? new DOMException('aborted', 'AbortError'));
  const timer = setTimeout(() => cutOff(new DOMException('took too long', 'TimeoutError')), timeoutMs);
  if (signal?.aborted) {
    abort();
    return;
  }
  // Node warns from the eleventh listener on, and many requests at a time share a signal.
  if (signal) setMaxListeners(0, signal);
  signal?.addEventListener('abort', abort);
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started;
      // It was cut off while waiting for a connection: its body's buffer may be in use for another request by now.
      if (ended) started.abort(ended.error as Error);
    },
    onResponseStart(started, status, headers) {
      // An interim answer (1xx) may come before the real one, and has no body.
      if (ended || status < 200) return;
      const leave = () => cutOff(new Error('nobody reads on'));
      receiver.head({ status, headers }, { pause: () => started.pause(), resume: () => started.resume(), leave });
    },
    onResponseData(_, chunk) {
      if (ended) return;
      try {
        receiver.piece(chunk);
      } catch (error) {
        cutOff(error);
      }
    },
    onResponseEnd: () => end({}),
    onResponseError: (_, error) => end({ error }),
  };
  try {
    dispatcher.dispatch(options, handler);
  } catch (error) {
    end({ error });
  }
}
