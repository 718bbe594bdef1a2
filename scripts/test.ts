/**
 * `npm test`: every stage in order, then one line with the number of all tests. `npm test -- unit e2e` runs the named
 * stages only.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Counts, readCounts } from './test/counts.ts';
import { runCommand } from './test/run-command.ts';

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
  /** Whose report tells how many tests ran; a stage without one only succeeds or fails. */
  readonly runner?: 'vitest' | 'playwright';
}

const STAGE_TIMEOUT_MS = 6 * 60_000;
const vitest = (project: string): Stage => ({
  name: project,
  command: ['vitest', 'run', '--project', project, '--reporter=default', '--reporter=json'],
  runner: 'vitest',
});
const playwright = (project: string): Stage => ({
  name: project,
  command: [
    ...['playwright', 'test', '-c', 'test/e2e/playwright.config.ts', `--project=${project}`],
    '--reporter=list,json',
  ],
  runner: 'playwright',
});
/** One group after the other; what shares a group runs at the same time. */
const GROUPS: readonly (readonly Stage[])[] = [
  [{ name: 'chromium', command: ['node', 'scripts/ensure-chromium.ts'] }],
  [{ name: 'check', command: ['npm', 'run', 'check'] }],
  [{ name: 'build', command: ['npm', 'run', 'build'] }],
  [vitest('unit')],
  [{ name: 'simulation', command: ['node', 'test/simulation/main.ts', '--seeds', '2000'] }],
  [vitest('browser')],
  // It mostly waits, and shows that nothing grows, however fast the machine is.
  [vitest('package'), { name: 'soak', command: ['node', 'bench/soak/main.ts', '--short'] }],
  [playwright('e2e')],
  [playwright('kills')],
];

/** What went wrong, or `null`. */
async function runStage(stage: Stage, reports: string, total: Counts): Promise<string | null> {
  const report = join(reports, `${stage.name}.json`);
  const reportArguments = stage.runner === 'vitest' ? [`--outputFile.json=${report}`] : [];
  const end = await runCommand([...stage.command, ...reportArguments], STAGE_TIMEOUT_MS, {
    PLAYWRIGHT_JSON_OUTPUT_FILE: report,
  });
  const counts = stage.runner ? readCounts(stage.runner, report) : null;
  total.passed += counts?.passed ?? 0;
  total.failed += counts?.failed ?? 0;
  if (counts?.failed) return `${counts.failed} failed`;
  if (end !== null) {
    // It counts as a failure although no test stands for it.
    total.failed += 1;
    return end;
  }
  if (counts?.passed === 0) {
    total.failed += 1;
    return 'it ran no test';
  }
  return null;
}

const stages = GROUPS.flat();
const names = process.argv.slice(2);
const unknown = names.filter((name) => !stages.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(
    `No such stage: ${unknown.join(', ')}. There are: ${stages.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(1);
}
const isAsked = ({ name }: Stage) => names.length === 0 || names.includes(name);
const reports = mkdtempSync(join(tmpdir(), 'trunkline-reports-'));
const total: Counts = { passed: 0, failed: 0 };
const results: string[] = [];
const asked = stages.filter(isAsked);
for (const group of GROUPS) {
  const running = group.filter(isAsked).map(async (stage) => {
    const place = `${asked.indexOf(stage) + 1}/${asked.length}`;
    console.log(`\n== ${place} ${stage.name}: ${stage.command.slice(0, 5).join(' ')}`);
    const start = performance.now();
    const problem = await runStage(stage, reports, total);
    const seconds = ((performance.now() - start) / 1_000).toFixed(1);
    const result = `${problem === null ? 'ok    ' : 'FAILED'} ${stage.name.padEnd(12)} ${seconds.padStart(6)} s  ${problem ?? ''}`;
    results.push(result);
    console.log(`== ${result}`);
  });
  await Promise.all(running);
}
rmSync(reports, { recursive: true });
console.log(`\n${results.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
