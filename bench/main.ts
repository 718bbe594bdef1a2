/** `npm run bench`: the library beside what one would take instead, in turns. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from './arguments.ts';
import { printChanges } from './report/against.ts';
import { writeDocument } from './report/document.ts';
import { printTables, printTargets } from './report/table.ts';
import { judge } from './report/targets.ts';
import { measure, measureAgainst } from './run/measure.ts';
import { tablesOf } from './run/results.ts';

const FILE = join(import.meta.dirname, 'results/latest.json');
const options = readArguments();
// So that what is removed at the end is removed then, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
if (options.against !== null) {
  printChanges(await measureAgainst(options.against, options));
  process.exit();
}
if (!options.reportOnly) {
  const { quick, only, contenders } = options;
  const results = await measure(options);
  const isWhole = !quick && only.length === 0 && contenders.length === 0;
  printTables(tablesOf(results));
  printTargets(judge(results));
  console.log(`\n${results.minutes.toFixed(1)} minutes`);
  if (isWhole) writeFileSync(FILE, `${JSON.stringify(results, null, 1)}\n`);
  if (!isWhole) process.exit();
}
writeDocument(JSON.parse(readFileSync(FILE, 'utf8')));
