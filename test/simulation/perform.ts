import { isPendingState } from './account.ts';
import type { Action, ClusterAction } from './actions.ts';
import { TOPICS } from './protocol.ts';
import { SimCluster } from './server/cluster.ts';
import { SimServer } from './server/server.ts';
import type { SimTab } from './tab.ts';
import type { World } from './world.ts';

/** On its way so long an answer is lost where the line is cut meanwhile. */
const ANSWER_MS = 100;

/** Lets one thing happen. */
export async function perform(world: World, action: Action): Promise<void> {
  const { server, network, browser } = world;
  switch (action.do) {
    case 'wait':
      return await world.pass(action.ms);
    case 'publish':
      for (let i = 0; i < action.count; i++) world.publish(action.what, TOPICS[action.topic]);
      return;
    case 'send': {
      const tab = world.tab(action.tab);
      for (let i = 0; tab && !tab.page.life.isFrozen && i < action.count; i++)
        world.send(tab, action.command, TOPICS[action.topic], action.requireDurable);
      if (action.dies !== null) world.killAfter(action.dies, () => world.killWorkers());
      return;
    }
    case 'person': {
      const tab = world.tab(action.tab);
      if (tab && !tab.page.life.isFrozen) decideAbout(tab, action);
      return;
    }
    case 'reconnect':
      return world.tab(action.tab)?.reconnect();
    case 'open tab':
      return world.openTab(action.of, action.who);
    case 'close client': {
      const tab = world.tab(action.tab);
      if (!tab || tab.page.life.isFrozen) return;
      for (let i = 0; i < action.sends; i++) world.send(tab, 'decide', TOPICS[0], false);
      return world.closeClient(tab);
    }
    case 'sign out': {
      const tab = world.tab(action.tab);
      if (tab && !tab.page.life.isFrozen) world.signOut(tab, action);
      return;
    }
    case 'close tab':
      return world.remove(world.tab(action.tab), 'close');
    case 'crash tab':
      return world.remove(world.tab(action.tab), 'crash');
    case 'reload tab': {
      const tab = world.tab(action.tab);
      if (tab) await world.reload(tab);
      return;
    }
    case 'freeze':
      return world.tab(action.tab)?.page.freeze();
    case 'look': {
      const page = world.tab(action.tab)?.page;
      if (page && !page.life.isFrozen) page.setVisible(action.visible);
      return;
    }
    case 'cache':
      return world.cache(world.tab(action.tab));
    case 'cache after': {
      const tab = world.tab(action.tab);
      return world.killAfter(action.tasks, () => world.cache(tab));
    }
    case 'wake':
      return world.wake();
    case 'slow tab': {
      const page = world.tab(action.tab)?.page;
      if (page) page.busyMs = action.ms;
      return;
    }
    case 'kill worker':
      return browser.worker(action.of)?.kill();
    case 'wedge worker':
      world.ledger.circumstances.mayLoseHubs = true;
      world.ledger.hubLost();
      return browser.worker(action.of)?.life.freeze();
    case 'kill worker after':
      return world.killAfter(action.tasks, () => {
        world.killWorkers();
        if (action.server !== 'lives') server.restart(action.server === 'restarts');
      });
    case 'background':
      return world.deliverInBackground(action);
    case 'kill browser':
      return world.killBrowser(action.powerLost);
    case 'cut':
      return network.cut();
    case 'vanish':
      for (const wire of network.wires) wire.vanish();
      return;
    case 'latency':
      network.latencyMs = action.ms;
      return;
    case 'line speed':
      network.bytesPerSecond = action.bytesPerSecond;
      return;
    case 'lose an event':
      world.faults.loses = true;
      return;
    case 'delay a part':
      world.faults.delays = true;
      return;
    case 'cut snapshots':
      world.faults.parts = action.parts;
      return;
    case 'server down':
      return server.setUp(false);
    case 'server up':
      return server.setUp(true);
    case 'restart server':
      return server.restart(action.keepsHistory);
    case 'kill server after':
      return world.killAfter(action.tasks, () => server.restart(true));
    case 'drain server':
      return await server.drain(action, (ms) => world.pass(ms));
    case 'refuse':
      server.application.refusesCommands = action.commands;
      return;
    case 'forbid':
      server.application.doorkeeper.forbids = action.commands;
      return;
    case 'authenticate':
      server.application.doorkeeper.authenticating = action.how;
      return;
    case 'authorize':
      server.application.doorkeeper.authorizing = action.how;
      return;
    case 'fail log':
      return server.failLog(action.what, action.times);
    case 'restore server': {
      const tab = world.tab(action.tab);
      if (tab && !tab.page.life.isFrozen && action.sends > 0) {
        const { latencyMs } = network;
        network.latencyMs = ANSWER_MS;
        for (let i = 0; i < action.sends; i++) world.send(tab, 'decide', TOPICS[i % 2 === 0 ? 0 : 1], false);
        await world.pass(1.5 * ANSWER_MS);
        network.latencyMs = latencyMs;
      }
      if (server instanceof SimServer) await server.restore(action);
      return;
    }
    case 'set server clock':
      return server.setClock(action.ms);
    case 'crash one':
    case 'engine':
    case 'fail appends':
    case 'late appends':
    case 'damage dump':
    case 'lead astray':
      if (server instanceof SimCluster) performOnCluster(server, action);
      return;
    case 'end topic':
      return server.endTopic(TOPICS[action.topic]);
    case 'rights': {
      const { doorkeeper } = server.application;
      doorkeeper.mayRead(action.who, TOPICS[action.topic], action.mayRead);
      return server.recheck(doorkeeper.principalOf(action.who));
    }
    case 'expire token':
      return server.expireTokens();
    case 'tokens':
      world.tokens = action.how;
      return;
    case 'someone else':
      return await world.someoneElse(action.ms);
    case 'fail store':
      world.ledger.circumstances.storeFailed = true;
      for (const disk of world.disks) disk.failNext(action.failure, action.times);
      return;
    case 'break store':
      world.ledger.circumstances.storeFailed = true;
      for (const disk of world.disks) disk.failure = action.failure;
      return;
    case 'mend store':
      return world.mendStores();
    case 'hold store':
      return world.holdStores();
    case 'jump clock':
      world.clockEverJumped = true;
      world.ledger.circumstances.clocksWereSet = true;
      return world.clock.jump(action.ms);
  }
}

function performOnCluster(cluster: SimCluster, action: ClusterAction): void {
  switch (action.do) {
    case 'crash one':
      return cluster.crash(action);
    case 'engine':
      return cluster.engine(action.of, action.is);
    case 'fail appends':
      return cluster.failAppends(action.of, action.faults);
    case 'late appends':
      return cluster.arrive();
    case 'damage dump':
      return cluster.damageDump();
    case 'lead astray':
      return cluster.leadAstray(action.of);
  }
}

/** What is over can be retried or dismissed, what is not can be cancelled; now and then somebody tries the other. */
function decideAbout(tab: SimTab, { wants, entry, regrets }: Action & { do: 'person' }): void {
  const entries = tab.client.outbox.get();
  const fitting = entries.filter(({ state }) => isPendingState(state) === (wants === 'cancel'));
  const among = entry === 0 || fitting.length === 0 ? entries : fitting;
  const chosen = among[entry % Math.max(1, among.length)];
  if (!chosen) return;
  tab.act(wants, chosen);
  if (regrets && wants === 'retry') tab.act('cancel', chosen);
}
