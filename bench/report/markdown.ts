import type { FigureTable, Results } from '../run/results.ts';
import { formatNumber, titleOf } from './format.ts';
import { type SummaryLine, summaryRows } from './summary.ts';
import type { Verdict } from './targets.ts';

export function machineInWords({ machine, startedAt, minutes, rounds }: Results): string {
  const { cpu, cores, memoryGb, system, chromium, node, commit, loadBefore } = machine;
  return [
    `Measured on ${startedAt.slice(0, 10)} at commit ${commit}, in ${minutes.toFixed(0)} minutes and ${rounds} rounds, on`,
    `${cores} cores of ${cpu}, ${memoryGb} GiB, ${system}; ${chromium}, Node ${node}. Load when it began (processes that`,
    `want a core, over a minute): ${loadBefore.toFixed(1)}.`,
  ].join('\n');
}

export function summarySection(lines: readonly SummaryLine[], picture: string | null): string {
  return [
    table(['', 'trunkline', 'best peer', 'limit'], summaryRows(lines)),
    ...(picture === null ? [] : [`![trunkline, and the limit, by the best peer](${picture})`]),
  ].join('\n\n');
}

export function targetsTable(verdicts: readonly Verdict[]): string {
  return table(
    ['target', 'reached', ''],
    verdicts.map(({ target, reached, met }) => [
      target,
      reached,
      met === null ? '' : met ? 'met' : '**short**',
    ]),
  );
}

/** Each case's figures, a column each, and a line for each contender. */
export function caseSections(tables: readonly FigureTable[], pictures: ReadonlyMap<string, string>): string {
  const cases = new Map(tables.map(({ case: of }) => [of.name, of]));
  return [...cases.values()]
    .map(({ name, title }) => {
      const figures = tables.filter((one) => one.case.name === name);
      const contenders = new Set(figures.flatMap(({ cells }) => cells.map(({ contender }) => contender)));
      const notes = new Map<string, string>();
      const rows = [...contenders].map((contender) => [
        contender,
        ...figures.map(({ cells }) => {
          const cell = cells.find((one) => one.contender === contender);
          if (!cell) return '';
          if ('why' in cell) {
            notes.set(contender, cell.why);
            return '–';
          }
          const { median, min, max, flaws } = cell;
          if (flaws !== '') notes.set(contender, flaws);
          return `${flaws && '⚠ '}${formatNumber(median)} (${formatNumber(min)} to ${formatNumber(max)})`;
        }),
      ]);
      const picture = pictures.get(name);
      return [
        `### ${title}`,
        table(['', ...figures.map(({ figure }) => titleOf(figure))], rows),
        ...(notes.size > 0
          ? [[...notes].map(([contender, note]) => `- ${contender}: ${note}`).join('\n')]
          : []),
        ...(picture === undefined ? [] : [`![${title}](${picture})`]),
      ].join('\n\n');
    })
    .join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
