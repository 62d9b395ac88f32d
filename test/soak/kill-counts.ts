import { type Window, windows } from './windows.ts';

/** What a loop of kills did. */
export interface KillCounts {
  /** Kills by lane, and by window within each. */
  readonly byLane: ReadonlyMap<string, Record<Window, number>>;
  readonly kills: number;
  /** Uploads that were completed and found to be exact. */
  readonly jobs: number;
  /** How often the state folder was wiped after a kill. */
  readonly wiped: number;
  /** How often its journal was truncated or had a bit flipped. */
  readonly damaged: number;
  /** Requests that reached the server only after the next run had begun to send. */
  readonly late: number;
}

/** Counts in progress. */
export type Counting = { -readonly [key in keyof KillCounts]: KillCounts[key] };

const noKills = (): Record<Window, number> => ({
  'before intent': 0,
  'intent to send': 0,
  'send to answer': 0,
  'answer to journal': 0,
});

/** Returns counts of zero for these lanes. */
export function noCounts(lanes: readonly string[]): Counting {
  const byLane = new Map(lanes.map((name) => [name, noKills()]));
  return { byLane, kills: 0, jobs: 0, wiped: 0, damaged: 0, late: 0 };
}

/** Adds up the counts of several loops. */
export function addCounts(all: readonly KillCounts[]): KillCounts {
  const sum = (of: (counts: KillCounts) => number) => all.reduce((total, counts) => total + of(counts), 0);
  const names = [...(all[0]?.byLane.keys() ?? [])];
  const byLane = names.map((name) => {
    const row = windows.map((window) => [window, sum((counts) => counts.byLane.get(name)?.[window] ?? 0)]);
    return [name, Object.fromEntries(row) as Record<Window, number>] as const;
  });
  return {
    byLane: new Map(byLane),
    kills: sum((counts) => counts.kills),
    jobs: sum((counts) => counts.jobs),
    wiped: sum((counts) => counts.wiped),
    damaged: sum((counts) => counts.damaged),
    late: sum((counts) => counts.late),
  };
}

/** Returns the kills in a window, over all lanes. */
export function killsIn(counts: KillCounts, window: Window): number {
  return [...counts.byLane.values()].reduce((total, row) => total + row[window], 0);
}

/** Formats the counts as a table for people. */
export function tableOf(counts: KillCounts): string {
  const line = (name: string, cells: readonly (string | number)[]) =>
    `${name.padEnd(28)}${cells.map((cell) => String(cell).padStart(19)).join('')}`;
  return [
    line('kills by window', windows),
    ...[...counts.byLane].map(([name, row]) =>
      line(
        name,
        windows.map((window) => row[window]),
      ),
    ),
    line(
      'all',
      windows.map((window) => killsIn(counts, window)),
    ),
    `${counts.kills} kills; ${counts.jobs} uploads brought to their end, each exact; in between, the state folder wiped ${counts.wiped} times`,
    `and the journal damaged ${counts.damaged} times; ${counts.late} requests arrived after their rows had been sent again`,
  ].join('\n');
}
