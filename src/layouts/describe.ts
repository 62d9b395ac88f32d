import { mostListed } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Describes a tensor by name, dtype and shape: `W_dec F32 [16384, 768]`. */
export function describe(tensor: Tensor): string {
  return `${tensor.name || 'one array'} ${tensor.dtype} [${tensor.shape.join(', ')}]`;
}

/** Describes the first of some tensors, and counts the others: a whole model has hundreds. */
export function describeAll(tensors: Iterable<Tensor>): string {
  const all = [...tensors].map(describe);
  const more = all.length > mostListed ? [`and ${all.length - mostListed} more`] : [];
  return [...all.slice(0, mostListed), ...more].join(', ') || 'none';
}
