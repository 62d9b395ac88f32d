/** What every bench is given. */
export interface Bench {
  /** For files; removed at the end. */
  readonly folder: string;
  /** The values of a trained decoder. */
  readonly values: Float32Array;
  readonly repeats: number;
  /** Whether to measure files larger than memory too. */
  readonly large: boolean;
  /** Where to write the picture; undefined if it is not drawn. */
  readonly figure: string | undefined;
  /** A Python that has numpy and requests; undefined if there is none. */
  readonly python: string | undefined;
}

/** One line of the table. */
export interface Line {
  readonly what: string;
  /** What it should be, as in `≥ 12`; empty if there is no goal. */
  readonly goal: string;
  readonly measured: number;
  readonly unit: string;
  /** The figures behind it. */
  readonly detail: string;
}

/** Whether a figure meets its goal; undefined without one. */
export function isMet({ goal, measured }: Line): boolean | undefined {
  const [sign, limit] = goal.split(' ');
  if (!sign || !limit) return undefined;
  return sign === '≥' ? measured >= Number(limit) : measured <= Number(limit);
}

const digits = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));

/** Prints lines as a Markdown table. */
export function printTable(lines: readonly Line[]): void {
  console.log('\n| what | goal | measured | |\n|---|---|---|---|');
  for (const line of lines) {
    const goal = line.goal && `${line.goal}${line.unit}`;
    const missed = isMet(line) === false ? ' **missed**' : '';
    console.log(`| ${line.what} | ${goal} | ${digits(line.measured)}${line.unit}${missed} | ${line.detail} |`);
  }
}
