import { isUtf8 } from 'node:buffer';
import { parsePythonJson } from '../python-json.ts';
import { type ByteSource, readBytes } from './byte-source.ts';
import { longestRecord } from './lines.ts';

/** A value of a JSON array: its text, and where that starts in the whole. */
export interface JsonElement {
  readonly text: Buffer;
  readonly start: number;
}

export interface ElementReader {
  /** The array's name among the fields of the file's object. */
  readonly key: string;
  /** Receives all bytes. */
  onChunk(chunk: Uint8Array): void;
  /** Receives each value of the array, as text that is not parsed yet. */
  onElement(element: JsonElement): void;
}

const chunkBytes = 1 << 20;
const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openObject, closeObject, openArray, closeArray] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Reads a file that is one JSON object, whose array `key` may be larger than memory: its values are passed on one by one.
 * Returns the object with that array left empty. Throws a SyntaxError if the text around the values is not JSON.
 */
export async function readElements(bytes: ByteSource, { key, onChunk, onElement }: ElementReader): Promise<unknown> {
  const elements = cutElements(key, onElement);
  for (let at = 0; at < bytes.size; ) {
    const chunk = await readBytes(bytes, at, Math.min(chunkBytes, bytes.size - at));
    onChunk(chunk);
    elements.take(chunk);
    at += chunk.length;
  }
  return parsePythonJson(jsonText(elements.outside()));
}

/** Cuts the elements of one array out of JSON text that comes in chunks. */
export interface ElementCutter {
  /** Takes and keeps the next chunk. Throws a SyntaxError once an element, or the text around them, exceeds `longestRecord`. */
  take(chunk: Uint8Array): void;
  /** Returns all text so far but the array's elements. */
  outside(): Buffer;
}

/**
 * Passes each element of the array `key` of the outermost object to `onElement`, as text still to be parsed. An array whose
 * name is written with escapes, or far from its bracket, stays in the text outside.
 */
export function cutElements(key: string, onElement: (element: JsonElement) => void): ElementCutter {
  const cutter = createCutter(key, onElement);
  const findMarks = createMarkFinder(cutter.onMark);
  let position = 0;
  return {
    take(chunk) {
      cutter.begin(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length), position);
      findMarks(chunk);
      cutter.end();
      position += chunk.length;
    },
    outside: () => cutter.outside(),
  };
}

/** Decodes bytes as JSON text, without a byte order mark. Throws a SyntaxError if they are not UTF-8. */
export function jsonText(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new SyntaxError('it is not UTF-8');
  return new TextDecoder().decode(bytes);
}

/** Called for a bracket or comma, with its place in the chunk and the number of brackets around what follows it. */
type OnMark = (byte: number, at: number, depth: number) => void;

/** Finds marks. Skips strings, and anything deeper than the values of an array in the outermost object. */
function createMarkFinder(onMark: OnMark): (chunk: Uint8Array) => void {
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  return (chunk) => {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (byte === backslash) isEscaped = true;
        else if (byte === quote) inString = false;
      } else if (byte === quote) inString = true;
      else if (byte === openObject || byte === openArray) {
        if (++depth === 2) onMark(byte, at, depth);
      } else if (byte === closeObject || byte === closeArray) {
        if (--depth === 1) onMark(byte, at, depth);
      } else if (byte === comma && depth === 2) onMark(byte, at, depth);
    }
  };
}

/** Characters in which a name and its colon are looked for. */
const longestTail = 256;

/** Cuts the values of the array `key` out of the chunks, at the marks that are found in them. */
function createCutter(key: string, onElement: (element: JsonElement) => void) {
  const isNamed = new RegExp(`(?<!\\\\)"${key}"\\s*:\\s*$`);
  const outside: Buffer[] = [];
  /** The end of the text outside: the name may have begun several chunks ago. */
  let tail = '';
  /** The part of the current value seen so far; undefined outside the array. */
  let value: Buffer[] | undefined;
  let [start, count, held] = [0, 0, 0];
  let chunk: Buffer = Buffer.alloc(0);
  let [position, from] = [0, 0];
  const cut = (to: number) => {
    const piece = chunk.subarray(from, to);
    held += piece.length;
    if (held > longestRecord) throw new SyntaxError(`a part of it is longer than ${longestRecord} bytes`);
    (value ?? outside).push(piece);
    if (value === undefined) tail = (tail + piece.subarray(-longestTail).toString('latin1')).slice(-longestTail);
    from = to;
  };
  const tell = () => {
    const text = Buffer.concat(value ?? []);
    held -= text.length;
    value = [];
    // Nothing between the brackets means no value. Nothing between commas is a fault, which the parser will report.
    if (count > 0 || text.toString('latin1').trim() !== '') onElement({ text, start });
  };
  const beginValue = (at: number) => {
    from = at + 1;
    start = position + from;
    value = [];
  };
  const onMark: OnMark = (byte, at, depth) => {
    if (value === undefined) {
      if (byte !== openArray || depth !== 2) return;
      cut(at + 1);
      if (!isNamed.test(tail.slice(0, -1))) return;
      count = 0;
      beginValue(at);
    } else if (byte === comma) {
      cut(at);
      count++;
      tell();
      beginValue(at);
    } else if (depth === 1) {
      cut(at);
      tell();
      value = undefined;
    }
  };
  return {
    onMark,
    begin(next: Buffer<ArrayBufferLike>, at: number): void {
      [chunk, position, from] = [next, at, 0];
    },
    end: () => cut(chunk.length),
    outside: () => Buffer.concat(outside),
  };
}
