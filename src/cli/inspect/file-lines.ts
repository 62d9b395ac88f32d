import { several } from '../../count.ts';
import type { FileReport, TensorReport } from '../../inspect/file-report.ts';
import type { Page } from '../output.ts';
import { firstOf, labelled } from './lines.ts';
import { size } from './numbers.ts';

const mostTensors = 24;
const longestNote = 200;

/** Describes a weight file: its format, its tensors, what cannot be decoded, and its writer's notes. */
export function fileLines(page: Page, file: FileReport): string[] {
  const widths = (['name', 'shape'] as const).map((key) =>
    file.tensors.slice(0, mostTensors).reduce((most, tensor) => Math.max(most, text(tensor)[key].length), 0),
  );
  const notes = Object.entries(file.metadata).map(([name, value]) => `note ${name}: ${cut(value)}`);
  return labelled(
    page,
    'file',
    `${file.path} (${file.format}, ${size(file.bytes)})`,
    ...firstOf(file.tensors, mostTensors, (tensor) => tensorLine(tensor, widths as [number, number])),
    ...firstOf(
      file.undecodable,
      mostTensors,
      ({ name, reason }) => `${name || 'one array'}: cannot be decoded: ${reason}`,
    ),
    ...firstOf(notes, mostTensors, (note) => note),
  );
}

/** Sums up many files in one line. */
export function filesLine(page: Page, files: readonly FileReport[]): string[] {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const formats = [...new Set(files.map(({ format }) => format))].join(', ');
  return labelled(page, 'files', `${several(files.length, 'file')} (${formats}), ${size(bytes)}`);
}

function text({ name, shape }: TensorReport): { name: string; shape: string } {
  return { name: name || 'one array', shape: `[${shape.join(', ')}]` };
}

function tensorLine(tensor: TensorReport, [nameWidth, shapeWidth]: [number, number]): string {
  const { name, shape } = text(tensor);
  const odd = [tensor.order === 'Fortran' && 'Fortran order', tensor.byteOrder === 'big' && 'big-endian'].filter(
    Boolean,
  );
  const facts = [size(tensor.bytes), ...odd].join(', ');
  return `${name.padEnd(nameWidth)}  ${tensor.dtype.padEnd(4)} ${shape.padEnd(shapeWidth)}  ${facts}`;
}

function cut(note: string): string {
  const line = note.replaceAll(/\s+/g, ' ');
  return line.length > longestNote ? `${line.slice(0, longestNote)}…` : line;
}
