import type { Finding } from '../../inspect/findings.ts';
import type { Inspection } from '../../inspect/inspect.ts';
import type { Page } from '../output.ts';
import type { Said } from './commands.ts';
import { fileLines, filesLine } from './file-lines.ts';
import { firstOf, labelled } from './lines.ts';
import { printable } from './printable.ts';
import { saeLines } from './sae-lines.ts';
import { sweepTable } from './sweep-table.ts';
import { uploadLines } from './upload-lines.ts';
import { dashboardLines, vectorLines } from './vector-lines.ts';

/** Up to this many files or SAEs are shown in full. */
const mostAtLength = 3;
const mostFindings = 20;

/** Formats an inspection for people, line by line. */
export function inspectionLines(page: Page, found: Inspection, said: Said): string[] {
  const inspection = printable({ ...found, findings: found.findings.map(withoutList) });
  const { files, saes, vectors, activations, findings } = inspection;
  const sweep = saes.length > mostAtLength;
  return [
    ...(files.length > mostAtLength ? filesLine(page, files) : files.flatMap((file) => fileLines(page, file))),
    ...(sweep ? sweepTable(page, saes) : saes.flatMap((sae) => saeLines(page, sae))),
    ...vectorLines(page, vectors),
    ...(activations ? dashboardLines(page, activations) : []),
    ...findingLines(page, findings),
    ...uploadLines(page, inspection, said),
  ];
}

/** Takes the list out of a message: it is shown in lines of its own. */
function withoutList(finding: Finding): Finding {
  const { message, list } = finding;
  return list ? { ...finding, message: message.split('\n')[0] ?? message } : finding;
}

function findingLines(page: Page, findings: readonly Finding[]): string[] {
  if (findings.length === 0) return labelled(page, 'findings', page.paint.green('none'));
  const linesOf = ({ where, message, list = [], hint }: Finding) => [
    `${page.paint.yellow(where)}: ${message}`,
    ...list.map((line) => `  ${line}`),
    ...(hint === undefined ? [] : [`  ${page.paint.cyan('hint:')} ${hint}`]),
  ];
  const lines = firstOf(findings, mostFindings, linesOf).flat();
  return labelled(page, 'findings', page.paint.yellow(String(findings.length)), ...lines);
}
