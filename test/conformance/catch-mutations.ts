/** `npm run mutations`: changes the Node server at random, and has each wrong server judged. */
import { command, commandLine } from '../../scripts/command-line.ts';
import { conform, readProfile } from '../../src/conformance/index.ts';
import { type Mutation, mutations } from '../support/conformance/mutations.ts';
import { nodeServer, profileOf } from '../support/conformance/node-profile.ts';

const ENOUGH = 0.9;
const PATIENCE_MS = 5_000;
/** Servers that are judged at the same time: they and the kit wait most of the time. */
const AT_ONCE = 4;

const { values } = commandLine(
  command({
    name: 'npm run mutations',
    about: 'Changes the Node server at random, and fails where the kit catches fewer than nine of ten.',
    options: {
      seed: { type: 'number', takes: 'N', default: 1, about: 'draws other changes' },
      count: { type: 'number', takes: 'N', default: 20, about: 'so many' },
      only: { type: 'text', takes: 'TEXT', default: '', about: 'those with that in their name' },
    },
  }),
);
const chosen = mutations(values.seed, values.count).filter(({ name }) => name.includes(values.only));
let caught = 0;
const left = [...chosen.entries()];
async function judgeWhatIsLeft(): Promise<void> {
  for (let next = left.shift(); next; next = left.shift()) {
    const [index, mutation] = next;
    const by = await catchIt(mutation);
    if (by !== null) caught += 1;
    console.log(
      `${index + 1}/${chosen.length} ${by === null ? 'MISSED' : 'caught'} ${mutation.name}${by === null ? '' : `\n    by ${by}`}`,
    );
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, judgeWhatIsLeft));
console.log(`${caught} of ${chosen.length} caught (seed ${values.seed})`);
process.exit(chosen.length > 0 && caught >= ENOUGH * chosen.length ? 0 : 1);

/** By the first obligation that is found broken. */
async function catchIt({ edit }: Mutation): Promise<string | null> {
  await using servers = new AsyncDisposableStack();
  try {
    const server = servers.use(await nodeServer('sqlite', [edit]));
    const profile = readProfile({
      ...profileOf(server.controlUrl, { remembers: true }),
      patience_ms: PATIENCE_MS,
    });
    const { judgements, failures, passed } = await conform(server.url, profile, { isFailFast: true });
    const [broken] = judgements.flatMap(({ id, outcome }) =>
      outcome.status === 'broken' ? [`${id}: ${outcome.because}`] : [],
    );
    return broken ?? failures[0] ?? (passed ? null : 'nothing was judged');
  } catch (error) {
    return `itself: ${error instanceof Error ? error.message.split('\n')[0] : error}`;
  }
}
