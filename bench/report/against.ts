/** What changed since an earlier commit, case by case. */
import type { Compared } from '../run/measure.ts';
import type { FigureInfo } from '../run/scene.ts';
import { type Asked, SITTINGS } from '../run/sittings.ts';
import { pairedRatios, type Spread, spreadOf, type Turns } from '../shared/paired.ts';
import { formatNumber, titleOf } from './format.ts';

export interface Change {
  readonly case: string;
  readonly contender: string;
  readonly figure: FigureInfo;
  readonly today: Spread;
  readonly former: Spread;
  /** Today's by the former one's, turn by turn; `null` where the former is 0 in all of them. */
  readonly ratio: Spread | null;
  /** What all turns agree about, where there are enough of them. */
  readonly is: 'gain' | 'loss' | 'open';
}

/** Bundlers quote sources, and say what is wrong before it. */
const LONGEST_REASON = 300;
/** By chance all of fewer would agree too often: of five, one time in sixteen. */
const TURNS_TO_TELL = 5;

/** Of what both have, in the order of the cases. */
export function changesOf({ contenders, today, former }: Compared): Change[] {
  return SITTINGS.flatMap(({ cases }): readonly Asked[] => cases).flatMap(({ case: asked }) =>
    contenders.flatMap(({ name, title }) =>
      asked.figures.flatMap((figure): Change[] => {
        const turnsIn = (rows: Compared['today']): Turns =>
          rows.find((row) => row.case === asked.name && row.figure === figure.name && row.contender === name)
            ?.values ?? [];
        const [ours, theirs] = [turnsIn(today), turnsIn(former)];
        const [now, before] = [spreadOf(ours), spreadOf(theirs)];
        if (!now || !before) return [];
        const ratio = spreadOf(pairedRatios(ours, theirs));
        return [
          {
            case: asked.name,
            contender: title,
            figure,
            today: now,
            former: before,
            ratio,
            is: verdictOf(ratio, figure.better),
          },
        ];
      }),
    ),
  );
}

function verdictOf(ratio: Spread | null, better: FigureInfo['better']): Change['is'] {
  if (!ratio || ratio.turns < TURNS_TO_TELL || (ratio.min <= 1 && ratio.max >= 1)) return 'open';
  return ratio.max < 1 === (better === 'lower') ? 'gain' : 'loss';
}

export function printChanges(compared: Compared): void {
  const { commit, skipped } = compared;
  console.log(`\n== today's build against ${commit}: today, then, today/then of each turn`);
  let last = '';
  for (const { case: of, contender, figure, today, former, ratio, is } of changesOf(compared)) {
    const head = `${of}: ${contender}`;
    if (head !== last) console.log(head);
    last = head;
    const shown = ratio
      ? `${formatNumber(ratio.median)}× [${formatNumber(ratio.min)} to ${formatNumber(ratio.max)}, ${ratio.turns} turns]`
      : 'no ratio to 0';
    console.log(
      `  ${titleOf(figure).padEnd(56)} ${formatNumber(today.median).padStart(9)} ${formatNumber(former.median).padStart(9)}   ${shown}${is === 'open' ? '' : `  ${is}`}`,
    );
  }
  for (const { case: of, contender, why } of skipped)
    console.log(
      `skipped, ${of} of ${contender}: at ${commit}: ${why.replaceAll(/\s+/g, ' ').slice(0, LONGEST_REASON)}`,
    );
}
