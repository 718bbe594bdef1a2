import type { FigureTable } from '../run/results.ts';
import { formatNumber, titleOf } from './format.ts';
import type { Verdict } from './targets.ts';

/** For the console. */
export function printTables(tables: readonly FigureTable[]): void {
  let last = '';
  for (const { case: of, figure, cells } of tables) {
    if (of.title !== last) console.log(`\n== ${of.name}: ${of.title}`);
    last = of.title;
    console.log(`  ${titleOf(figure)} (${figure.better} is better)`);
    for (const cell of cells) {
      const shown =
        'why' in cell
          ? `-  (${cell.why})`
          : `${formatNumber(cell.median)}  [${formatNumber(cell.min)} to ${formatNumber(cell.max)}]${cell.flaws && `  ! ${cell.flaws}`}`;
      console.log(`    ${cell.contender.padEnd(40)} ${shown}`);
    }
  }
}

export function printTargets(verdicts: readonly Verdict[]): void {
  console.log('\n== targets');
  for (const { target, reached, met } of verdicts) {
    if (met !== null) console.log(`  ${met ? 'met  ' : 'SHORT'} ${target}: ${reached}`);
  }
}
