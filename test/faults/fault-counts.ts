import { type FaultName, faultNames } from './faults.ts';
import type { MatrixCase } from './matrix.ts';
import { type RequestKind, requestKinds } from './request-kinds.ts';

/** How many cases there were, by kind of request and by fault. */
export interface FaultCounts {
  readonly byKind: Map<RequestKind, { once: number; always: number; pairs: number }>;
  readonly byFault: Map<FaultName, { once: number; always: number; pairs: number }>;
}

export function noFaultCounts(): FaultCounts {
  const none = () => ({ once: 0, always: 0, pairs: 0 });
  return {
    byKind: new Map(requestKinds.map((kind) => [kind, none()])),
    byFault: new Map(faultNames.map((fault) => [fault, none()])),
  };
}

/** Counts a case; a pair counts for its first fault. */
export function countCase({ byKind, byFault }: FaultCounts, { disturbance }: MatrixCase): void {
  const { kind, nth, fault, then } = disturbance;
  const which = then !== undefined ? 'pairs' : nth === undefined ? 'always' : 'once';
  for (const row of [byKind.get(kind), byFault.get(fault)]) if (row) row[which]++;
}

/** Formats the counts as tables for people. */
export function faultTable({ byKind, byFault }: FaultCounts): string {
  const line = (name: string, cells: readonly (string | number)[]) =>
    `${name.padEnd(38)}${cells.map((cell) => String(cell).padStart(10)).join('')}`;
  const rows = (table: ReadonlyMap<string, { once: number; always: number; pairs: number }>) =>
    [...table].map(([name, { once, always, pairs }]) => line(name, [once, always, pairs]));
  const sum = (which: 'once' | 'always' | 'pairs') => [...byKind.values()].reduce((all, row) => all + row[which], 0);
  return [
    line('cases by request', ['once', 'always', 'pairs']),
    ...rows(byKind),
    line('cases by fault', ['once', 'always', 'pairs']),
    ...rows(byFault),
    line('all cases', [sum('once'), sum('always'), sum('pairs')]),
  ].join('\n');
}
