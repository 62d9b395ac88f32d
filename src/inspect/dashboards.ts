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
  /** Which features have examples: `0-511,600`. */
  readonly indices: string;
  readonly activations: number;
  /** Models that the records name. */
  readonly models: readonly string[];
  readonly bad: { readonly count: number; readonly first: readonly string[] };
}

/** Reads all dashboards, of any model and layer. Faults of single records become findings. Errors: those of reading. */
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
  const hint = 'fix the file, or leave these features out with --features';
  const list = first.length > 1 ? { list: first } : {};
  return { report, findings: [{ code: 'record_invalid', where: path, message, ...list, hint, count }] };
}

/** Collects faults without ever throwing them. */
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
