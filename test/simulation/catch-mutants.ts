import { availableParallelism } from 'node:os';
import type { ServedBy } from './kinds.ts';
import { MUTANTS } from './mutants/index.ts';
import type { Mutant } from './mutants/mutant.ts';
import type { Played } from './player.ts';
import { playThere } from './processes.ts';
import { isCaughtByTest } from './tested-mutants.ts';

const PROGRESS_EVERY_MS = 10_000;
const PROBLEM_CHARACTERS = 160;

export interface Hunt {
  /** Only those whose name has it. */
  readonly only: string;
  /** The first seed for each, and how many are played at most. */
  readonly from: number;
  readonly seeds: number;
  readonly by: ServedBy | null;
}

/** What is being tried, and how far. */
interface Trial {
  readonly mutant: Mutant;
  played: number;
}

/** Makes one mistake after another, and says what catches each. Resolves to whether all are caught. */
export async function catchMutants({ only, from, seeds, by: served }: Hunt): Promise<boolean> {
  const chosen = MUTANTS.filter(({ name }) => name.includes(only));
  const start = performance.now();
  const waiting = [...chosen];
  const trials = new Set<Trial>();
  const missed: Mutant[] = [];
  let done = 0;
  const progress = setInterval(() => {
    const now = [...trials].map(
      ({ mutant, played }) => `${mutant.name} (${mutant.test ?? `${played} seeds`})`,
    );
    const seconds = Math.round((performance.now() - start) / 1_000);
    console.log(
      `${seconds} s: ${done} of ${chosen.length} tried, ${missed.length} not caught; now: ${now.join('; ')}`,
    );
  }, PROGRESS_EVERY_MS);
  const work = async () => {
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const trial: Trial = { mutant, played: 0 };
      trials.add(trial);
      const by =
        mutant.test === undefined ? await seedFor(trial, from, seeds, served) : await testFor(mutant);
      trials.delete(trial);
      done++;
      if (by === null) missed.push(mutant);
      const verdict =
        by === null ? `NOT CAUGHT by ${mutant.test ?? `${trial.played} seeds`}` : `caught by ${by}`;
      console.log(`${mutant.name}\n    ${verdict}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  clearInterval(progress);
  for (const { name } of missed) console.log(`NOT CAUGHT: ${name}`);
  console.log(`\n${done - missed.length} of ${chosen.length} mistakes are caught`);
  return missed.length === 0 && done > 0;
}

async function testFor(mutant: Mutant): Promise<string | null> {
  return (await isCaughtByTest(mutant)) ? (mutant.test ?? null) : null;
}

/** The first seed that fails with the mistake, and passes without it. */
async function seedFor(
  trial: Trial,
  from: number,
  seeds: number,
  by: ServedBy | null,
): Promise<string | null> {
  const end = from + seeds;
  for (let first = from; first < end; ) {
    const order = { first, step: 1, count: end - first, stopAtFailure: true, by };
    let next = first;
    let caught: Played | null = null;
    await playThere(order, trial.mutant.name, (result) => {
      if (result.problems.length > 0) caught ??= result;
      else next++;
      trial.played++;
    });
    const { problems }: Pick<Played, 'problems'> = caught ?? { problems: [] };
    const [problem] = problems;
    if (problem === undefined) return null;
    // It was not made, or is no program: nothing would be caught.
    if (/does not have exactly once|SyntaxError/.test(problem))
      throw new Error(`${trial.mutant.name}: ${problem}`);
    if (await passes(next, by))
      return `seed ${next}: ${problem.slice(0, PROBLEM_CHARACTERS).replaceAll('\n', ' ')}`;
    first = next + 1;
  }
  return null;
}

async function passes(seed: number, by: ServedBy | null): Promise<boolean> {
  let isClean = true;
  await playThere({ first: seed, step: 1, count: 1, stopAtFailure: true, by }, null, ({ problems }) => {
    if (problems.length > 0) isClean = false;
  });
  return isClean;
}
