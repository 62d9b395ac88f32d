import { elementCount, type Tensor } from '../tensor/tensor.ts';

/** Whether a tensor is one vector: of one axis, or of several of which all but one have length 1. */
export function isSingleVector(tensor: Tensor): boolean {
  const long = tensor.shape.filter((length) => length !== 1);
  return tensor.shape.length >= 1 && long.length <= 1 && elementCount(tensor.shape) > 0;
}
