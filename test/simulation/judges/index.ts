import { takeImpossible } from '../impossible.ts';
import { TOPICS } from '../protocol.ts';
import type { World } from '../world.ts';
import {
  judgeAccount,
  judgeAnswers,
  judgeKeys,
  judgeOrder,
  judgeReplaced,
  judgeTellings,
} from './commands.ts';
import { judgeCriticals } from './criticals.ts';
import { judgeHub, judgeSockets } from './hub.ts';
import { judgeListener } from './listeners.ts';
import { judgeMissed, judgePage } from './pages.ts';

/** What must hold at any moment, and is not judged as it happens. */
export function during(world: World): void {
  const { server, disks, people, storeEverFailed, everSomeoneElse } = world;
  const { witness, ledger, network, signOuts, problems } = world;
  problems.push(...takeImpossible());
  // A hub without its store, or a stranger's server, knows the browser by another name.
  if (server.connections > people.size && !storeEverFailed && !everSomeoneElse) {
    problems.push(`${server.connections} connections of ${people.size} people are open at the server`);
  }
  for (const disk of disks)
    for (const { topic, epoch, offset } of disk.cursors.values()) {
      let reached = witness.credited.get(`${topic} ${epoch}`) ?? 0;
      // Nobody can be given what cannot be read.
      while (server.chronicle.unreadable.has(`${topic} ${epoch} ${reached + 1}`)) reached++;
      if (offset > reached)
        problems.push(`the cursor of ${topic} is stored at ${offset}, credited is ${reached}`);
    }
  judgeKeys(world);
  for (const wire of network.wires) signOuts.judgeWire(wire, witness.ownerOf(wire));
  if (ledger.accounts.length > 10_000) problems.push('the schedule sends without end');
}

/** What must hold when all faults are over, and everything has come to rest. */
export async function atRest(world: World): Promise<void> {
  for (const account of world.ledger.accounts) {
    judgeAccount(world, account);
    judgeAnswers(world, account);
    judgeTellings(world, account);
    judgeReplaced(world, account);
  }
  judgeOrder(world);
  world.once.judge(world.tabs);
  // Of the plain dialect commands alone are judged: there are no topics of these names, and no state.
  for (const tab of world.isPlain ? [] : world.tabs)
    for (const topic of TOPICS) {
      await judgePage(world, tab, topic);
      judgeMissed(world, tab, topic);
    }
  for (const { number, listeners } of world.allTabs)
    for (const [topic, each] of listeners)
      for (const listener of each) judgeListener(world, `tab ${number}, topic ${topic}:`, topic, listener);
  await judgeCriticals(world);
  for (const who of world.people) await judgeHub(world, who);
  judgeSockets(world);
  world.problems.push(...world.server.application.errors, ...world.server.problemsAtRest());
  world.problems.push(...takeImpossible());
  for (const { errors } of world.allTabs)
    world.problems.push(...errors.filter((error) => !isExpected(error)));
}

/** A store that fails, and an event that no schema takes, are told. */
function isExpected(error: string): boolean {
  return /storage_unavailable|invalid_event/.test(error);
}
