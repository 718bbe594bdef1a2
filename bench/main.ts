/**
 * `npm run bench`: the library beside what one would take instead, in turns. `--quick` for a first look (no figures to
 * keep), `--only NAME` and `--contender NAME` (both as often as wanted) and `--rounds N` for a part of it, `--trace FILE` for
 * another workflow execution to replay.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from './arguments.ts';
import { printTables } from './report/table.ts';
import { buildPages } from './run/build.ts';
import { CONTENDERS } from './run/contenders.ts';
import { thisMachine } from './run/machine.ts';
import { Collector, type Results, tablesOf } from './run/results.ts';
import { SITTINGS, sit, whyNot } from './run/sitting.ts';

const { rounds, only, contenders, quick, traceFile } = readArguments(process.argv.slice(2));
const machine = thisMachine();
const startedAt = new Date();
const isAsked = (name: string) =>
  only.length === 0 || only.some((asked) => name === asked || name.startsWith(`${asked}-`));
const sittings = SITTINGS.map((sitting) => ({
  ...sitting,
  cases: sitting.cases.filter(({ case: { name } }) => isAsked(name)),
})).filter(({ cases }) => cases.length > 0);
const chosen = CONTENDERS.filter(({ name }) => contenders.length === 0 || contenders.includes(name));
if (sittings.length === 0 || chosen.length === 0) throw new Error('there is no such case, or contender');

console.log(
  `${machine.cores} × ${machine.cpu}, ${machine.chromium}, Node ${machine.node}; building the pages`,
);
const pages = await buildPages(chosen.map(({ name }) => name));
const collector = new Collector();
try {
  for (let round = 1; round <= rounds; round++) {
    for (const sitting of sittings) {
      for (const contender of chosen) {
        if (sitting.cases.every((asked) => whyNot(contender, asked) !== null)) continue;
        const start = performance.now();
        await sit(sitting, contender, pages, { quick, traceFile }, (asked, figures) =>
          collector.add(asked, contender.name, figures),
        );
        const seconds = ((performance.now() - start) / 1_000).toFixed(1);
        console.log(`round ${round} of ${rounds}, ${sitting.name}: ${contender.title}, ${seconds} s`);
      }
    }
  }
} finally {
  pages.remove();
}

const results: Results = {
  machine,
  startedAt: startedAt.toISOString(),
  minutes: (Date.now() - startedAt.getTime()) / 60_000,
  rounds,
  quick,
  rows: collector.rows,
  checked: collector.checked,
};
printTables(tablesOf(results));
const isWhole = !quick && only.length === 0 && contenders.length === 0;
const folder = join(import.meta.dirname, isWhole ? 'results' : '../.tmp');
mkdirSync(folder, { recursive: true });
const file = join(folder, isWhole ? 'latest.json' : 'bench.json');
writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
console.log(`\n${results.minutes.toFixed(1)} minutes; ${file}`);
