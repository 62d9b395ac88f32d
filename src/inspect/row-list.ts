import { mostListed } from '../errors.ts';

/** Rows with something in common: how many there are, and the first few. */
export interface RowList {
  readonly count: number;
  readonly first: readonly number[];
}

export interface RowListBuilder {
  add(row: number): void;
  finish(): RowList;
}

export function startRowList(): RowListBuilder {
  const first: number[] = [];
  let count = 0;
  return {
    add(row) {
      count++;
      if (first.length < mostListed) first.push(row);
    },
    finish: () => ({ count, first }),
  };
}
