import type { Faults } from '../dashboards/faults.ts';
import { openDashboards } from '../dashboards/open.ts';
import { mostListed, withFindings } from '../errors.ts';
import { countRows, formatRanges } from '../tensor/ranges.ts';
import type { Finding } from './findings.ts';

/** Examples of features: a `.jsonl`, or a folder that SAEDashboard wrote. */
export interface DashboardReport {
  readonly path: string;
  /** How many features have examples. */
  readonly features: number;
  /** Which: `0-511,600`. */
  readonly indices: string;
  readonly activations: number;
  /** Models that records name. */
  readonly models: readonly string[];
  readonly bad: { readonly count: number; readonly first: readonly string[] };
}

/** Reads dashboards through, whatever model and layer they are of. Errors: those of reading but for single records. */
export async function inspectDashboards(path: string): Promise<{ report: DashboardReport; findings: Finding[] }> {
  const models = new Set<string>();
  const isModel = (name: string) => models.add(name).size > 0;
  const faults = listFaults();
  const source = await openDashboards(path, { model: 'any model', isModel }, { faults });
  await source.close();
  const { count, first } = faults;
  const report = {
    path,
    features: countRows(source.features),
    indices: formatRanges(source.features),
    activations: source.activations,
    models: [...models],
    bad: { count, first },
  };
  if (count === 0) return { report, findings: [] };
  const records = count === 1 ? '1 record cannot' : `${count} records cannot`;
  const message = withFindings(`${records} be uploaded`, { first, count });
  const hint = 'mend the file, or leave these features out with --features';
  const list = first.length > 1 ? { list: first } : {};
  return { report, findings: [{ code: 'record_invalid', where: path, message, ...list, hint, count }] };
}

/** Takes faults without making an error of them. */
function listFaults(): Faults & { count: number; first: string[] } {
  const faults = {
    count: 0,
    first: [] as string[],
    add(fault: string) {
      faults.count++;
      if (faults.first.length < mostListed) faults.first.push(fault);
    },
    throwIfAny() {},
    leftOut: new Map<number, string>(),
  };
  return faults;
}
