import type { Delivery } from '../upload/delivery.ts';
import type { Server } from '../upload/server.ts';
import { orStopped } from '../wait-for.ts';

/** Look-ups of one upload, which a signal cuts off while nothing is in flight that has to end in order. */
export interface Looking {
  /** The same server, whose look-ups end with the signal's reason once it fires. */
  readonly server: Server;
  /** Says whether requests that send rows may be in flight: look-ups then end in order, too. */
  setSending(isSending: boolean): void;
}

/**
 * Makes look-ups end at once when a signal fires: a server that has stopped answering would hold them for minutes. What was
 * asked is only given up here; the request ends with its answer or its connection.
 */
export function whileLooking(server: Server, stop: AbortSignal | undefined): Looking {
  let isSending = false;
  const until =
    <A extends readonly unknown[], R>(look: (...given: A) => Promise<R>) =>
    (...given: A): Promise<R> =>
      stop && !isSending ? orStopped(look(...given), stop) : look(...given);
  const ofDelivery = (delivery: Delivery): Delivery => ({ ...delivery, lookup: until(delivery.lookup) });
  return {
    server: {
      ...server,
      getModel: until(server.getModel),
      listModels: until(server.listModels),
      getSourceSet: until(server.getSourceSet),
      // They look first. Whether something was made, the next run finds out the same way.
      createModel: until(server.createModel),
      createSourceSet: until(server.createSourceSet),
      rows: { ...server.rows, read: until(server.rows.read), owners: until(server.rows.owners) },
      features: (destination) => ofDelivery(server.features(destination)),
      vectors: (destination) => ofDelivery(server.vectors(destination)),
      vectorActivations: (id, fields) => ofDelivery(server.vectorActivations(id, fields)),
    },
    setSending(now) {
      isSending = now;
    },
  };
}

/** Returns a server that is asked only once for what the SAEs of a sweep have in common: their model and their source set. */
export function askedOnce(server: Server): Server {
  const once = <A extends readonly string[], R>(ask: (...given: A) => Promise<R>) => {
    const asked = new Map<string, Promise<R>>();
    return (...given: A): Promise<R> => {
      const key = JSON.stringify(given);
      const answer = asked.get(key) ?? ask(...given);
      asked.set(key, answer);
      return answer;
    };
  };
  return { ...server, getModel: once(server.getModel), getSourceSet: once(server.getSourceSet) };
}
