import { type Kernel, openedKernel, openKernel } from '../kernel/kernel.ts';
import type { DigestFloats } from './float-digest.ts';

/** Does with WebAssembly what `dtype.ts` and `float-digest.ts` do without it. */
export interface Float32Values {
  /** Widens `count` elements from the start of `bytes` to float32, into `out` from `at`. */
  widen(dtype: 'BF16' | 'F16', bytes: Uint8Array, count: number, out: Float32Array, at: number): void;
  readonly digest: DigestFloats;
}

let made: Float32Values | undefined;

/** Returns what uses the kernel, which is opened for it; undefined if that does not run here. */
export function float32Values(): Float32Values | undefined {
  openKernel();
  return openedFloat32Values();
}

/** Returns what uses the kernel if that has been opened for something else. */
export function openedFloat32Values(): Float32Values | undefined {
  const kernel = openedKernel();
  if (kernel) made ??= float32ValuesOf(kernel);
  return made;
}

function float32ValuesOf(kernel: Kernel): Float32Values {
  const { buffer } = kernel.memory;
  const capacity: number = kernel.capacity.value;
  const bytesIn = new Uint8Array(buffer, kernel.input.value, 4 * capacity);
  const valuesIn = new Float32Array(buffer, kernel.input.value, capacity);
  const valuesOut = new Float32Array(buffer, kernel.output.value, capacity);
  return {
    widen(dtype, bytes, count, out, at) {
      for (let i = 0; i < count; i += capacity) {
        const some = Math.min(capacity, count - i);
        bytesIn.set(bytes.subarray(2 * i, 2 * (i + some)));
        if (dtype === 'BF16') kernel.widenBf16(some);
        else kernel.widenF16(some);
        out.set(some === capacity ? valuesOut : valuesOut.subarray(0, some), at + i);
      }
    },
    digest(values, position, step) {
      let sum = 0;
      let areFinite = true;
      for (let i = 0; i < values.length; i += capacity) {
        const some = values.subarray(i, i + capacity);
        valuesIn.set(some);
        sum += kernel.digest(some.length, position + i * step, step);
        if (!kernel.areFinite.value) areFinite = false;
      }
      return { sum: sum | 0, areFinite };
    },
  };
}
