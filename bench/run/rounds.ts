/** Everybody in turn, and the turns again in each round, so that a busy minute of the machine is nobody's. */
import type { BuiltPages } from './build.ts';
import type { ContenderInfo } from './contenders.ts';
import type { Collector } from './results.ts';
import { CaseFailed, type SittingOptions, sit } from './sit.ts';
import { type Asked, type Sitting, whyNot } from './sittings.ts';

/** A contender, of one build of it. */
export interface Entrant {
  readonly contender: ContenderInfo;
  /** What its figures stand under. */
  readonly name: string;
  readonly title: string;
  readonly built: BuiltPages;
  /** Whether a case that it cannot be asked is skipped, instead of an end of the run. */
  readonly mayFail: boolean;
}
/** A case of a contender that is asked of nobody any more. */
export interface Skipped {
  readonly case: string;
  readonly contender: string;
  readonly why: string;
}
export interface RoundsOptions extends SittingOptions {
  readonly rounds: number;
}

export async function playRounds(
  sittings: readonly Sitting[],
  entrants: readonly Entrant[],
  options: RoundsOptions,
  collector: Collector,
): Promise<Skipped[]> {
  const skipped: Skipped[] = [];
  const isSkipped = (of: string, { case: { name } }: Asked) =>
    skipped.some((one) => one.contender === of && one.case === name);

  const takeTurn = async (sitting: Sitting, entrant: Entrant, turn: number): Promise<void> => {
    const { contender, name, built, mayFail } = entrant;
    let left = casesOf(sitting).filter((asked) => !isSkipped(contender.name, asked));
    while (left.some((asked) => whyNot(contender, asked) === null)) {
      try {
        await sit(withCases(sitting, left), contender, built, options, (asked, figures) =>
          collector.add(turn, asked, name, figures),
        );
        return;
      } catch (error) {
        if (!mayFail) throw error;
        const failed = left.findIndex(
          ({ case: one }) => error instanceof CaseFailed && error.case === one.name,
        );
        const why = error instanceof Error ? error.message : String(error);
        // Where no case had begun, none can.
        for (const { case: one } of failed === -1 ? left : left.slice(failed, failed + 1))
          skipped.push({ case: one.name, contender: contender.name, why });
        left = failed === -1 ? [] : left.slice(failed + 1);
      }
    }
  };

  for (let round = 0; round < options.rounds; round++) {
    for (const sitting of sittings) {
      const { turns = 1 } = sitting;
      for (let again = 0; again < turns; again++) {
        const turn = round * turns + again;
        // Who was last is first the next time: what changes within a turn is nobody's either.
        for (const entrant of turn % 2 === 0 ? entrants : entrants.toReversed()) {
          const isAsked = (asked: Asked) =>
            whyNot(entrant.contender, asked) === null && !isSkipped(entrant.contender.name, asked);
          if (!casesOf(sitting).some(isAsked)) continue;
          const start = performance.now();
          await takeTurn(sitting, entrant, turn);
          const seconds = ((performance.now() - start) / 1_000).toFixed(1);
          console.log(
            `round ${round + 1} of ${options.rounds}, ${sitting.name}: ${entrant.title}, ${seconds} s`,
          );
        }
      }
    }
  }
  return skipped;
}

export function casesOf(sitting: Sitting): readonly Asked[] {
  return sitting.cases;
}

/** The same sitting with these of its cases alone. */
export function withCases(sitting: Sitting, kept: readonly Asked[]): Sitting {
  const names = new Set(kept.map(({ case: { name } }) => name));
  const isKept = ({ case: { name } }: Asked) => names.has(name);
  switch (sitting.in) {
    case 'no browser':
      return { ...sitting, cases: sitting.cases.filter(isKept) };
    case 'a database':
      return { ...sitting, cases: sitting.cases.filter(isKept) };
    default:
      return { ...sitting, cases: sitting.cases.filter(isKept) };
  }
}
