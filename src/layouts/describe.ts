import type { Tensor } from '../tensor/tensor.ts';

/** `W_dec F32 [16384, 768]` */
export function describe(tensor: Tensor): string {
  return `${tensor.name || 'one array'} ${tensor.dtype} [${tensor.shape.join(', ')}]`;
}
