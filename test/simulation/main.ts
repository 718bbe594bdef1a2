/** `npm run simulate`: schedules of faults, each drawn from its seed. */
import { availableParallelism } from 'node:os';
import { command, commandLine, WrongArguments } from '../../scripts/command-line.ts';
import { catchMutants } from './catch-mutants.ts';
import { SERVED_BY, type ServedBy, servedBy } from './kinds.ts';
import type { Played } from './player.ts';
import { playThere } from './processes.ts';
import { play, scheduleOf } from './run.ts';
import { shrink } from './shrink.ts';

const PROGRESS_EVERY_MS = 10_000;

const SIMULATE = command({
  name: 'npm run simulate',
  about: 'The whole library through schedules of faults, each drawn from its seed.',
  options: {
    seeds: { type: 'number', takes: 'N', default: 2_000, about: 'plays so many schedules' },
    from: { type: 'number', takes: 'SEED', default: 1, about: 'beginning with this one' },
    seed: { type: 'number', takes: 'SEED', about: 'plays one again, and makes it as short as it goes' },
    by: { type: 'text', takes: 'KIND', about: `in worlds that are served so: ${SERVED_BY.join(', ')}` },
    mutants: {
      type: 'flag',
      about: `shows that mistakes are caught, each by one of so many seeds or by the test that it names,
which may need a browser`,
    },
    only: { type: 'text', takes: 'TEXT', default: '', about: 'the mutants with that in their name' },
  },
});
const { values, by } = commandLine(SIMULATE, ({ values }) => {
  const by = SERVED_BY.find((kind) => kind === values.by) ?? null;
  if (values.by !== null && by === null) throw new WrongArguments(`--by is one of ${SERVED_BY.join(', ')}`);
  return { values, by };
});

if (values.mutants) {
  const { only, from, seeds } = values;
  const areCaught = await catchMutants({ only, from, seeds, by });
  process.exitCode = areCaught ? 0 : 1;
} else if (values.seed !== null) await replay(values.seed, by ?? servedBy(values.seed));
else await playMany(values.from, values.seeds);

async function playMany(from: number, count: number): Promise<void> {
  const start = performance.now();
  const failed: Played[] = [];
  let played = 0;
  const perMinute = () => Math.round((played / (performance.now() - start)) * 60_000);
  const progress = setInterval(() => {
    console.log(`${played} of ${count} schedules, ${failed.length} failed, ${perMinute()} a minute`);
  }, PROGRESS_EVERY_MS);
  const step = availableParallelism();
  await Promise.all(
    Array.from({ length: step }, (_, i) => {
      const order = { first: from + i, step, count: Math.ceil((count - i) / step), stopAtFailure: false, by };
      return playThere(order, null, (result) => {
        played++;
        if (result.problems.length === 0) return;
        failed.push(result);
        console.log(`seed ${result.seed} failed: ${result.problems[0]?.split('\n')[0]}`);
      });
    }),
  );
  clearInterval(progress);
  for (const { seed, problems } of failed.slice(0, 10)) {
    console.log(`\nseed ${seed} failed:\n  ${problems.slice(0, 5).join('\n  ')}`);
    console.log(
      `  replay it, as short as it goes: npm run simulate -- --seed ${seed}${by ? ` --by ${by}` : ''}`,
    );
  }
  console.log(
    `\n${played - failed.length} passed, ${failed.length} failed, ${perMinute()} schedules a minute`,
  );
  process.exitCode = failed.length === 0 && played >= count ? 0 : 1;
}

async function replay(seed: number, by: ServedBy): Promise<void> {
  const actions = scheduleOf(seed, by);
  const { problems } = await play(seed, actions, by);
  if (problems.length === 0) {
    console.log(`seed ${seed} passes, with ${actions.length} actions`);
    return;
  }
  console.log(`seed ${seed} fails:\n  ${problems.join('\n  ')}\nmaking it shorter …`);
  const wanted = kindOf(problems[0] ?? '');
  const short = await shrink(actions, async (some) =>
    (await play(seed, some, by)).problems.map(kindOf).includes(wanted),
  );
  const last = await play(seed, short, by);
  console.log(`\n${short.length} of ${actions.length} actions are enough:`);
  for (const action of short) console.log(`  ${JSON.stringify(action)}`);
  console.log(`\n  ${last.problems.join('\n  ')}`);
  process.exitCode = 1;
}

/** Which numbers are in it makes no difference. */
function kindOf(problem: string): string {
  return problem.replace(/\d+/g, '#');
}
