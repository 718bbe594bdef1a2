/**
 * `npm run simulate`: `--seeds N` plays so many schedules (2,000), `--from S` beginning with that seed; `--seed S` plays
 * one again, and makes it as short as it goes; `--mutants` shows that mistakes are caught, each by one of so many seeds or
 * by the test that it names, which may need a browser; `--only TEXT`: those with that in their name. `--by KIND`: worlds that
 * are served so, such as `replicated`, by several servers on one log.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { catchMutants } from './catch-mutants.ts';
import { SERVED_BY, type ServedBy, servedBy } from './kinds.ts';
import type { Played } from './player.ts';
import { playThere } from './processes.ts';
import { play, scheduleOf } from './run.ts';
import { shrink } from './shrink.ts';

const PROGRESS_EVERY_MS = 10_000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    by: { type: 'string' },
  },
});

const by = SERVED_BY.find((kind) => kind === values.by) ?? null;
if (values.by !== undefined && by === null) throw new Error(`--by is one of ${SERVED_BY.join(', ')}`);

if (values.mutants) {
  const { only, from, seeds } = values;
  const areCaught = await catchMutants({ only, from: Number(from), seeds: Number(seeds), by });
  process.exitCode = areCaught ? 0 : 1;
} else if (values.seed !== undefined) await replay(Number(values.seed), by ?? servedBy(Number(values.seed)));
else await playMany(Number(values.from), Number(values.seeds));

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
