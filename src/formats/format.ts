import type { ByteSource } from '../tensor/byte-source.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** An open weight file. Every tensor in it has been checked against the true size of the file. */
export interface TensorFile {
  readonly path: string;
  /** Name of the format: `npy`, `safetensors`, … */
  readonly format: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Tensors that are in the file but cannot be decoded, with the reason: an error only if one of them is needed. */
  readonly undecodable: ReadonlyMap<string, string>;
  /** Free text from the writer (`__metadata__` of safetensors). */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Reads a whole small array with a library for this format; undefined if that cannot read it. Used for single vectors:
   * rows of a matrix always come through `rowBlocks`.
   */
  readonly readWhole?: (tensor: Tensor) => Promise<Float32Array | undefined>;
  close(): Promise<void>;
}

/** What a format finds in a file that its caller opens and closes. */
export interface Contents extends Omit<TensorFile, 'close' | 'path' | 'format'> {
  /** Releases what the tensors hold besides that file: inflaters, temporary files, other files. */
  readonly close?: () => Promise<void>;
}

/** A file format. To add one, write it in a file of its own and add it to the list in `open.ts`. */
export interface Format {
  readonly name: string;
  /** Whether a file that begins with these bytes is of this format. */
  sniff(head: Uint8Array): boolean;
  /** Reads and checks the header. Errors: format_invalid, format_unsupported. The caller closes the file. */
  open(path: string, bytes: ByteSource): Promise<Contents>;
}
