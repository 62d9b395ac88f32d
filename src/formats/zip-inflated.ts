import type { ByteSource } from '../tensor/byte-source.ts';
import { inflate } from './zip-inflate.ts';
import type { ZipMember } from './zip-member.ts';
import { spool } from './zip-spool.ts';

/** Checking and sending take one pass each. More mean that columns are read in bands, with a pass for each. */
const mostPasses = 4;

/**
 * A deflated member as bytes that can be read by position. Reading forwards continues inflating. Reading backwards
 * inflates from the start again; after `mostPasses` passes everything goes to a temporary file. Memory is two pieces,
 * whatever the size. Closing releases inflater and file; a read after that starts afresh.
 */
export function inflatedBytes(member: ZipMember): ByteSource {
  let passes = 0;
  let pass: Pass | undefined;
  let spooled: ByteSource | undefined;

  async function read(into: Uint8Array, position: number): Promise<void> {
    if (!spooled && !pass?.reaches(position)) {
      await pass?.close();
      pass = undefined;
      passes++;
      if (passes > mostPasses) spooled = await spool(member, inflate(member));
      else pass = startPass(member);
    }
    try {
      await (spooled ?? pass)?.read(into, position);
    } catch (error) {
      // A pass that failed has ended. The next read starts afresh, and fails like this one.
      pass = undefined;
      throw error;
    }
  }

  // One read at a time: they share the inflater.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (action: () => Promise<void>) => {
    const done = turn.then(action);
    turn = done.catch(() => undefined);
    return done;
  };
  return {
    size: member.size,
    async read(into, position) {
      const end = position + into.length;
      if (end > member.size) throw new RangeError(`bytes up to ${end} were asked for, there are ${member.size}`);
      if (into.length > 0) await inTurn(() => read(into, position));
    },
    close: () =>
      inTurn(async () => {
        const open = [pass, spooled];
        [pass, spooled, passes] = [undefined, undefined, 0];
        for (const one of open) await one?.close();
      }),
  };
}

interface Pass {
  /** Whether the pass has not yet gone beyond the position. */
  reaches(position: number): boolean;
  read(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

function startPass(member: ZipMember): Pass {
  const pieces = inflate(member);
  let piece: Uint8Array = new Uint8Array(0);
  let start = 0;
  return {
    reaches: (position) => position >= start,
    async read(into, position) {
      for (let done = 0; done < into.length; ) {
        const from = position + done - start;
        if (from < piece.length) {
          const part = piece.subarray(from, from + into.length - done);
          into.set(part, done);
          done += part.length;
          continue;
        }
        const next = await pieces.next();
        if (next.done) throw new RangeError('inflating ended early');
        start += piece.length;
        piece = next.value;
      }
    },
    close: async () => {
      await pieces.return(undefined);
    },
  };
}
