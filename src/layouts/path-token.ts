import { AppError } from '../errors.ts';
import { label, type Tensor } from '../tensor/tensor.ts';

/** The error for a folder whose name says another number of features than its decoder has. */
export function wrongToken(decoder: Tensor, segment: string, features: number): AppError {
  return new AppError('layout_unknown', `${label(decoder)}: has ${features} features, but its folder is ${segment}`, {
    hints: ['the file was put into the wrong folder, or is damaged: download it again, with its folders'],
    details: { file: decoder.file, found: features, expected: segment },
  });
}
