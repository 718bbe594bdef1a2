/** `npm run kills`: decisions under faults that are drawn from a seed. */
import { command, commandLine } from '../../../scripts/command-line.ts';
import { runCommand } from '../../../scripts/test/run-command.ts';

/** Guards: as slow as it may be, on a machine that has other things to do. */
const DECISION_MS = 700;
const START_MS = 600_000;

const { values } = commandLine(
  command({
    name: 'npm run kills',
    about:
      'Decisions in a real browser, while tabs, workers, browsers, servers and lines are killed at random.',
    options: {
      decisions: { type: 'number', takes: 'N', default: 2_000, about: 'makes so many' },
      seed: { type: 'number', takes: 'N', about: 'draws these faults again (new ones each time)' },
    },
  }),
);
const { decisions } = values;
const seed = values.seed ?? Math.floor(Math.random() * 1_000_000);
const problem = await runCommand(
  ['playwright', 'test', '-c', 'test/e2e/playwright.config.ts', '--project=kills'],
  {
    timeoutMs: START_MS + decisions * DECISION_MS,
    env: { TRUNKLINE_KILLS_DECISIONS: String(decisions), TRUNKLINE_KILLS_SEED: String(seed) },
  },
);
if (problem !== null) {
  console.log(`again: npm run kills -- --decisions ${decisions} --seed ${seed}`);
  process.exitCode = 1;
}
