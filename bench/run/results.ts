import { median } from '../shared/quantile.ts';
import { CONTENDERS } from './contenders.ts';
import type { Machine } from './machine.ts';
import type { CaseInfo, FigureInfo, Figures, Flaws } from './scene.ts';
import { type Asked, SITTINGS, whyNot } from './sittings.ts';

/** A figure of one contender in all rounds. */
export interface Row {
  readonly case: string;
  readonly figure: string;
  readonly contender: string;
  /** One for each turn, the first turn's first: `null`, or too short, where there was none. */
  readonly values: (number | null)[];
}
/** What was wrong in one case of one contender, all rounds together. */
export interface Checked {
  readonly case: string;
  readonly contender: string;
  readonly flaws: Flaws;
  readonly remarks: readonly string[];
}
export interface Results {
  readonly machine: Machine;
  readonly startedAt: string;
  readonly minutes: number;
  readonly rounds: number;
  readonly quick: boolean;
  readonly rows: readonly Row[];
  readonly checked: readonly Checked[];
}

/** What was measured, without when and on what. */
export type Measured = Pick<Results, 'rows' | 'checked'>;

export class Collector {
  readonly #rows = new Map<string, Row>();
  readonly #checked = new Map<string, Checked>();

  /** @param turn counted from 0, alike for all contenders: what has the same is a pair */
  add(turn: number, asked: CaseInfo, contender: string, { values, flaws, remark }: Figures): void {
    for (const [figure, value] of Object.entries(values)) {
      const key = `${asked.name} ${figure} ${contender}`;
      const row = this.#rows.get(key) ?? { case: asked.name, figure, contender, values: [] };
      while (row.values.length < turn) row.values.push(null);
      row.values.push(value);
      this.#rows.set(key, row);
    }
    const key = `${asked.name} ${contender}`;
    const before = this.#checked.get(key);
    this.#checked.set(key, {
      case: asked.name,
      contender,
      flaws: {
        lost: (before?.flaws.lost ?? 0) + flaws.lost,
        duplicates: (before?.flaws.duplicates ?? 0) + flaws.duplicates,
        disordered: (before?.flaws.disordered ?? 0) + flaws.disordered,
        stale: (before?.flaws.stale ?? 0) + flaws.stale,
      },
      remarks: [...(before?.remarks ?? []), ...(remark === undefined ? [] : [remark])],
    });
  }

  get rows(): Row[] {
    return [...this.#rows.values()];
  }

  get checked(): Checked[] {
    return [...this.#checked.values()];
  }
}

/** A figure of one contender, or why there is none. */
export type Cell =
  | {
      readonly contender: string;
      readonly name: string;
      readonly median: number;
      readonly min: number;
      readonly max: number;
      /** In words; empty where nothing was wrong. */
      readonly flaws: string;
    }
  | { readonly contender: string; readonly name: string; readonly why: string };
export interface FigureTable {
  readonly case: CaseInfo;
  readonly figure: FigureInfo;
  readonly cells: readonly Cell[];
}

/** Every figure that was measured, with a cell for each contender that was in it, or could not be. */
export function tablesOf({ rows, checked }: Measured): FigureTable[] {
  return SITTINGS.flatMap(({ cases }): readonly Asked[] => cases).flatMap((entry) =>
    entry.case.figures.flatMap((figure): FigureTable[] => {
      const of = rows.filter((row) => row.case === entry.case.name && row.figure === figure.name);
      if (!checked.some((one) => one.case === entry.case.name)) return [];
      const cells = CONTENDERS.flatMap((contender): Cell[] => {
        const { title, name, cannot, isLimit, only } = contender;
        const row = of.find(({ contender }) => contender === name);
        const check = checked.find((one) => one.case === entry.case.name && one.contender === name);
        if (row) {
          const values = row.values.filter((value) => value !== null);
          return [
            {
              contender: title,
              name,
              median: median(values),
              min: Math.min(...values),
              max: Math.max(...values),
              flaws: check ? wordsOf(check.flaws) : '',
            },
          ];
        }
        const why =
          whyNot(contender, entry) ??
          cannot[figure.reason ?? figure.name] ??
          (check ? (check.remarks[0] ?? 'it does not tell') : null);
        // Whoever is made for something else altogether is not even a dash.
        const isMeant = entry.contenders?.includes(name) ?? !(isLimit || only || cannot['feed']);
        return why === null || !isMeant ? [] : [{ contender: title, name, why }];
      });
      return [{ case: entry.case, figure, cells }];
    }),
  );
}

/** What was wrong; empty where nothing was. */
export function wordsOf({ lost, duplicates, disordered, stale }: Flaws): string {
  return [
    lost > 0 && `${lost} lost`,
    duplicates > 0 && `${duplicates} twice`,
    disordered > 0 && `${disordered} out of order`,
    stale > 0 && `${stale} tabs with an old state`,
  ]
    .filter((words) => words !== false)
    .join(', ');
}
