import type { ByteSource } from '../tensor/byte-source.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A weight file that has been opened and whose every tensor has been checked against the file's true size. */
export interface TensorFile {
  readonly path: string;
  /** Name of the format: `npy`, `safetensors`, … */
  readonly format: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Tensors that are there but cannot be decoded, with the reason; an error only for who needs one of them. */
  readonly undecodable: ReadonlyMap<string, string>;
  /** Free text that the writer left (`__metadata__` of safetensors). */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * A whole small array through the format's own library, where it has one that can read this array.
   * Vectors, biases and densities come this way; row matrices always come through `rowBlocks`.
   */
  readonly readWhole?: (tensor: Tensor) => Promise<Float32Array | undefined>;
  close(): Promise<void>;
}

/** What a format finds in a file that someone else opened and closes. */
export interface Contents extends Omit<TensorFile, 'close' | 'path' | 'format'> {
  /** Lets go of what the tensors hold besides that file: inflaters, temporary files, other files. */
  readonly close?: () => Promise<void>;
}

/** A file format. To add one: write it in a file of its own and put it into the list in `open.ts`. */
export interface Format {
  readonly name: string;
  /** Whether the first bytes are this format's. */
  sniff(head: Uint8Array): boolean;
  /** Reads the header and checks it. Errors: format_invalid, format_unsupported. The file is closed by who opened it. */
  open(path: string, bytes: ByteSource): Promise<Contents>;
}
