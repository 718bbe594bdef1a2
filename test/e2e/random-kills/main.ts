/** `npm run kills`: `--decisions N` are made (2,000) under faults that are drawn with `--seed S` (a new one each time). */
import { parseArgs } from 'node:util';
import { runCommand } from '../../../scripts/test/run-command.ts';

/** Guards: as slow as it may be, on a machine that has other things to do. */
const DECISION_MS = 700;
const START_MS = 600_000;

const { values } = parseArgs({
  options: {
    decisions: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
  },
});
const problem = await runCommand(
  ['playwright', 'test', '-c', 'test/e2e/playwright.config.ts', '--project=kills'],
  {
    timeoutMs: START_MS + Number(values.decisions) * DECISION_MS,
    env: { TRUNKLINE_KILLS_DECISIONS: values.decisions, TRUNKLINE_KILLS_SEED: values.seed },
  },
);
if (problem !== null) {
  console.log(`again: npm run kills -- --decisions ${values.decisions} --seed ${values.seed}`);
  process.exitCode = 1;
}
