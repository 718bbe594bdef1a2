import type { Action } from './actions.ts';
import { takeImpossible } from './impossible.ts';
import { atRest, during } from './judges/index.ts';
import { besideStuck } from './judges/stuck.ts';
import { type ServedBy, servedBy } from './kinds.ts';
import { perform } from './perform.ts';
import { Random } from './random.ts';
import { schedule } from './schedule.ts';
import { World } from './world.ts';

/** Actions in one schedule. */
const LENGTH = 40;

export interface Result {
  readonly problems: readonly string[];
  /** The same for the same run: a hash of all that crossed the network. */
  readonly trace: number;
  readonly world: World;
}

export function scheduleOf(seed: number, by: ServedBy = servedBy(seed)): Action[] {
  return schedule(new Random(seed), LENGTH, by);
}

/** Plays a schedule; the seed decides what is not in it, such as which of two things that happen at once comes first. */
export async function play(
  seed: number,
  actions: readonly Action[],
  by: ServedBy = servedBy(seed),
): Promise<Result> {
  const world = new World(seed, by);
  // Of a run that was over before it came to rest.
  takeImpossible();
  world.openTab();
  await world.pass(50);
  for (const action of actions) {
    await perform(world, action);
    await world.pass(30);
    during(world);
    if (world.problems.length > 0) break;
  }
  if (world.problems.length === 0) {
    world.endFaults();
    if (world.hasStuckWorker) await besideStuck(world);
    await world.heal();
    await atRest(world);
  }
  return { problems: [...new Set(world.problems)], trace: world.trace, world };
}
