import type { Tensor } from '../tensor/tensor.ts';

/** Describes a tensor by name, dtype and shape: `W_dec F32 [16384, 768]`. */
export function describe(tensor: Tensor): string {
  return `${tensor.name || 'one array'} ${tensor.dtype} [${tensor.shape.join(', ')}]`;
}
