/** What two contenders reached in the same turns, against each other: a busy minute of the machine is in both. */
import { median } from './quantile.ts';

/** One for each turn; `null`, or too short, where there was none. */
export type Turns = readonly (number | null)[];

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly turns: number;
}

/** Ours by theirs of each turn that has both; without those where theirs is 0, to which nothing has a ratio. */
export function pairedRatios(ours: Turns, theirs: Turns): number[] {
  return ours.flatMap((value, turn) => {
    const other = theirs[turn] ?? 0;
    return value === null || other === 0 ? [] : [value / other];
  });
}

/** The larger ones (or the smaller ones) of each turn that has any: what several reached, as one. */
export function bestOf(all: readonly Turns[], better: 'lower' | 'higher'): Turns {
  const turns = Math.max(0, ...all.map(({ length }) => length));
  return Array.from({ length: turns }, (_, turn) => {
    const values = all.map((one) => one[turn] ?? null).filter((value) => value !== null);
    if (values.length === 0) return null;
    return better === 'higher' ? Math.max(...values) : Math.min(...values);
  });
}

/** `null` of none. */
export function spreadOf(turns: Turns): Spread | null {
  const values = turns.filter((value) => value !== null);
  if (values.length === 0) return null;
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    turns: values.length,
  };
}
