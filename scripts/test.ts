/** `npm test`: every stage in order, then the tests that failed, and one line with the number of all. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, commandLine, WrongArguments } from './command-line.ts';
import { readReport } from './test/report.ts';
import { type ProgressListener, runCommand } from './test/run-command.ts';
import { ALL, type Groups, type Stage, USUAL } from './test/stages.ts';

/** How many times longer than on a quiet machine a stage may take. */
const PATIENCE = 10;

const TEST = command({
  name: 'npm test',
  about: 'Runs every stage in order, then names the tests that failed, and counts all.',
  names: { takes: 'STAGE', about: `only this one: ${listed(USUAL)}` },
  options: {
    all: { type: 'flag', about: `the longer forms, as npm run test:all does: ${listed(ALL)}` },
  },
});
const { groups, names } = commandLine(TEST, ({ values, names }) => {
  const groups = values.all ? ALL : USUAL;
  const unknown = names.filter((name) => !groups.flat().some((stage) => stage.name === name));
  if (unknown.length > 0)
    throw new WrongArguments(`No such stage: ${unknown.join(', ')}. There are: ${listed(groups)}.`);
  return { groups, names };
});
const stages = groups.flat();
const isNamed = ({ name }: Stage) => names.length === 0 || names.includes(name);
const needsBuild = stages.some((stage) => stage.needsBuild && isNamed(stage));
const isAsked = (stage: Stage) => isNamed(stage) || (stage.name === 'build' && needsBuild);
const asked = stages.filter(isAsked);

const folder = mkdtempSync(join(tmpdir(), 'trunkline-test-'));
const packed = join(folder, 'packed');
mkdirSync(packed);
const total = { passed: 0, failed: 0 };
const results: string[] = [];
const failures: string[] = [];
for (const group of groups) await Promise.all(group.filter(isAsked).map(runAndTell));
rmSync(folder, { recursive: true });
console.log(`\n${results.join('\n')}\n`);
// Named at the end once more: what a test printed when it failed stands far above.
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runAndTell(stage: Stage): Promise<void> {
  const { name, quietSeconds } = stage;
  const place = `${asked.indexOf(stage) + 1}/${asked.length}`;
  const limit = sayMinutes(quietSeconds * PATIENCE);
  const command = stage.command({ packed }).slice(0, 5).join(' ');
  console.log(`\n== ${place} ${name}: ${command} (about ${sayMinutes(quietSeconds)}, at most ${limit})`);
  const start = performance.now();
  const problem = await run(stage, (seconds) =>
    console.log(`== ${place} ${name}: runs since ${sayMinutes(seconds)}, at most ${limit}`),
  );
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  const result = `${problem === null ? 'ok    ' : 'FAILED'} ${name.padEnd(12)} ${seconds.padStart(6)} s  ${problem ?? ''}`;
  results.push(result);
  console.log(`== ${result}`);
}

/** What went wrong, or `null`. */
async function run(stage: Stage, onProgress: ProgressListener): Promise<string | null> {
  const report = join(folder, `${stage.name}.json`);
  const reportArguments = stage.runner === 'vitest' ? [`--outputFile.json=${report}`] : [];
  const end = await runCommand([...stage.command({ packed }), ...reportArguments], {
    timeoutMs: stage.quietSeconds * PATIENCE * 1_000,
    env: { ...stage.env, ...packageVariable(), PLAYWRIGHT_JSON_OUTPUT_FILE: report },
    onProgress,
  });
  const told = stage.runner ? readReport(stage.runner, report) : null;
  total.passed += told?.passed ?? 0;
  total.failed += told?.failed ?? 0;
  failures.push(...(told?.failures ?? []).map((failure) => `${stage.name}: ${failure}`));
  if (told?.failed) return `${told.failed} failed`;
  if (end !== null) {
    // It counts as a failure although no test stands for it.
    total.failed += 1;
    return end;
  }
  if (told?.passed === 0) {
    total.failed += 1;
    return 'it ran no test';
  }
  return null;
}

/** Tells a stage of the package that was packed for all of them. */
function packageVariable(): Record<string, string> {
  const [file] = readdirSync(packed);
  return file === undefined ? {} : { TRUNKLINE_PACKAGE: join(packed, file) };
}

function listed(groups: Groups): string {
  return groups
    .flat()
    .map(({ name }) => name)
    .join(', ');
}

function sayMinutes(seconds: number): string {
  return seconds < 100 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
