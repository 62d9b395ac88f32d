import { createHash } from 'node:crypto';
import { rangesOf } from '../tensor/ranges.ts';
import { findFault } from './check-dashboard.ts';
import type { Dashboard, DashboardPlace, DashboardSource, ReadOptions } from './dashboard.ts';
import { collectFaults, type Faults } from './faults.ts';
import { fixTokens } from './fix-tokens.ts';
import { jsonBound } from './json-bound.ts';

/** The result of a first pass over dashboards. */
export type GatheredDashboards = Omit<DashboardSource, 'path' | 'read' | 'close'>;

/** Gathers the dashboards of one feature after another, and what is wrong with them. */
export interface DashboardGatherer {
  /** Takes the bytes that were read, for the hash. */
  read(bytes: Uint8Array): void;
  /**
   * Takes what a record at `where` says about a feature. `misplaced` says that it belongs elsewhere, which is no fault of
   * the feature. `fault` says what else is wrong with the record, apart from its content.
   */
  add(where: string, index: number, dashboard: Dashboard, fault?: string, misplaced?: string): void;
  fault: Faults['add'];
  /** Error: record_invalid with the first faults. */
  finish(): GatheredDashboards;
}

/** Starts a pass over dashboards. With `fixTokens`, they are judged as they are after tokens have been replaced. */
export function gatherDashboards(path: string, place: DashboardPlace, options: ReadOptions): DashboardGatherer {
  // A vector is a single feature, so there is none to leave out.
  const isOne = place.onlyIndex !== undefined;
  const orElse = isOne ? undefined : 'leave these features out with --features or --skip-bad-rows';
  const faults = options.faults ?? collectFaults(path, { skipBad: options.skipBad, orElse });
  const hash = createHash('sha256');
  const withExamples = new Set<number>();
  const bytesOf = new Map<number, number>();
  let [activations, fixedTokens, mostBytes] = [0, 0, 0];
  return {
    read: (bytes) => void hash.update(bytes),
    add(where, index, said, fault, misplaced) {
      const { dashboard, fixed } = withTokens(said, options);
      const text = misplaced ?? findFault(index, dashboard) ?? fault;
      if (text !== undefined) {
        const canBeMended = !isOne && !misplaced && !fault && isMended(index, dashboard);
        const hint = canBeMended ? 'empty and NUL tokens: --fix-tokens' : undefined;
        faults.add(`${where}: ${text}`, { hint, ...(misplaced === undefined && { feature: index }) });
      }
      fixedTokens += fixed;
      const bytes = (bytesOf.get(index) ?? 0) + jsonBound(dashboard);
      bytesOf.set(index, bytes);
      mostBytes = Math.max(mostBytes, bytes);
      activations += dashboard.activations.length;
      if (dashboard.activations.length > 0) withExamples.add(index);
    },
    fault: faults.add,
    finish() {
      faults.throwIfAny();
      if (fixedTokens > 0) hash.update('tokens replaced');
      for (const index of faults.leftOut.keys()) withExamples.delete(index);
      const features = rangesOf(withExamples);
      return { features, activations, mostBytes, fixedTokens, faulty: faults.leftOut, hash: hash.digest('hex') };
    },
  };
}

/** Returns a dashboard as it will be sent, and how many tokens were replaced in it. */
export function withTokens(dashboard: Dashboard, options: ReadOptions): { dashboard: Dashboard; fixed: number } {
  return options.fixTokens ? fixTokens(dashboard) : { dashboard, fixed: 0 };
}

/** Whether replacing tokens would mend everything that is wrong. */
function isMended(index: number, dashboard: Dashboard): boolean {
  const { dashboard: mended, fixed } = fixTokens(dashboard);
  return fixed > 0 && findFault(index, mended) === undefined;
}
