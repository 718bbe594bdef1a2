import type { SimTab } from '../tab.ts';
import type { World } from '../world.ts';

/** So long a hub that has robbed others often waits at most for one that does not answer, and more. */
const PATIENCE_MS = 120_000;

/** Nothing is wrong any more but that a worker is stuck: pages of others do not wait for it. */
export async function besideStuck(world: World): Promise<void> {
  const { clock, tabs, problems } = world;
  await world.pass(PATIENCE_MS);
  for (const tab of tabs) {
    // A person who was taken for somebody else, or has nobody's token, tries again.
    if (isWell(tab)) tab.reconnect();
  }
  await world.pass(10_000);
  for (const tab of tabs.filter(isWell)) {
    let seen = 'no hub';
    tab.client.inspect().then(
      ({ connection }) => {
        seen = connection.state;
      },
      (error) => {
        seen = String(error);
      },
    );
    await clock.settle();
    if (seen !== 'open')
      problems.push(`tab ${tab.number} has no line while the worker of others is stuck: ${seen}`);
  }
}

/** It is awake, and so is its worker. A page after a sign-out of unknown end may be signed out. */
function isWell({ page, isOver, isDoubtful }: SimTab): boolean {
  const isStopped = [page.life, page.worker?.life].some((life) => !life || life.isFrozen || life.isDead);
  return !isStopped && !isOver && !isDoubtful;
}
