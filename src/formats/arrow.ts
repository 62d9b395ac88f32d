import type { Format } from './format.ts';

/** Apache Arrow's IPC formats: files (`ARROW1`, Feather version 2) and streams, as `datasets` writes them. */
export const arrow: Format = {
  name: 'arrow',
  sniff: (head) => startsWith(head, 'ARROW1') || startsWith(head, 'FEA1') || looksLikeStream(head),
  async open(path, bytes) {
    // Loaded on demand: a start with another format does not need the readers of Arrow's metadata.
    const { openArrow } = await import('./arrow-open.ts');
    return openArrow(path, bytes);
  },
};

function startsWith(head: Uint8Array, text: string): boolean {
  return Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1', 0, text.length) === text;
}

/** Since Arrow 0.15 a message begins with -1 and its length; before that, with the length alone. */
function looksLikeStream(head: Uint8Array): boolean {
  if (head.length < 8) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  return view.getInt32(0, true) === -1 ? view.getInt32(4, true) > 0 : holdsSchema(view);
}

/** Whether the flatbuffer after the length is a message with a schema: old streams have no other mark. */
function holdsSchema(view: DataView): boolean {
  const start = 4;
  const length = view.getInt32(0, true);
  if (length < 16 || length % 4 !== 0) return false;
  try {
    const table = start + view.getUint32(start, true);
    const vtable = table - view.getInt32(table, true);
    const fields = view.getUint16(vtable, true);
    const [version, kind] = [view.getUint16(vtable + 4, true), view.getUint16(vtable + 6, true)];
    return fields >= 10 && fields <= 14 && version > 0 && kind > 0 && view.getUint8(table + kind) === 1;
  } catch {
    return false;
  }
}
