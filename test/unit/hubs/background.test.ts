import { describe, expect, test } from 'vitest';
import { Lifetime } from '../../../testing/fakes/lifetime.ts';
import { FakeServiceWorker } from '../../../testing/fakes/service-worker.ts';
import type { BackgroundEnd } from '../../../worker/shell/background-hub.ts';
import { ownerLock } from '../../../worker/shell/election.ts';
import {
  BrowserScene,
  KEPT,
  PROTOCOL,
  roleOf,
  type SceneTab,
  STRICTER,
} from '../../support/browser-scene.ts';

interface Event {
  readonly serviceWorker: FakeServiceWorker;
  /** How it ended; `null`: it has not. */
  readonly end: BackgroundEnd | null;
  /** What the service worker was told to have ended. */
  readonly settled: string[];
}

/** The service worker gets an event: one that is started for it, where none is named. */
function event(
  scene: BrowserScene,
  {
    protocol = PROTOCOL,
    identity = 'ann',
    token,
    serviceWorker = new FakeServiceWorker(scene.browser),
  }: {
    protocol?: typeof PROTOCOL;
    identity?: string;
    token?: () => string | Promise<string>;
    serviceWorker?: FakeServiceWorker;
  } = {},
): Event {
  const settled: string[] = [];
  const told: { end: BackgroundEnd | null } = { end: null };
  serviceWorker
    .deliver({
      protocol,
      identity,
      url: '/ws',
      settings: { jitter: 'none' },
      ...(token && { token }),
      settled: (all) =>
        settled.push(...all.map(({ command, outcome }) => `${command['gate']} ${outcome.status}`)),
    })
    .then((end) => {
      told.end = end;
    });
  return {
    serviceWorker,
    settled,
    get end() {
      return told.end;
    },
  };
}

/** A page that knows its server, which went down; and then decided. */
async function decidingOffline(): Promise<{ scene: BrowserScene; tab: SceneTab }> {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  await scene.pass(100);
  await scene.server.stop();
  tab.client.send('decide', { gate: 'a' }, { topic: 'run' });
  await scene.pass(100);
  return { scene, tab };
}

/** Decisions that were stored while the server was down, of a person whom it knows; no page is open. */
async function decidedOffline(gates: readonly string[], scene = new BrowserScene()): Promise<BrowserScene> {
  const tab = await scene.tab('hub.js');
  await scene.pass(100);
  expect(tab.connections.at(-1)).toMatchObject({ state: 'open' });
  await scene.server.stop();
  await scene.pass(100);
  const sent = gates.map((gate) => tab.client.send('decide', { gate }, { topic: 'run' }));
  await scene.pass(100);
  for (const receipt of sent) expect(await receipt).toMatchObject({ durable: true });
  tab.page.close();
  await scene.pass(100);
  return scene;
}

const disk = (scene: BrowserScene) => scene.browser.disk('ops', 'ann');

test('what waits is delivered with no page open, in order and once, and the next page knows how it ended', async () => {
  const scene = await decidedOffline(['a', 'b', 'c']);
  await scene.server.start();
  const delivery = event(scene);
  await scene.pass(2_000);
  expect([delivery.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a', 'b', 'c']]);
  expect(delivery.settled).toEqual(['a accepted', 'b accepted', 'c accepted']);
  expect([scene.sockets, disk(scene).entries.size]).toEqual([0, 0]);
  const tab = await scene.tab('hub.js');
  await scene.pass(1_000);
  expect([tab.outbox(), scene.decided]).toEqual([[], ['a', 'b', 'c']]);
  const [id = ''] = [...disk(scene).outcomes.keys()];
  const outcome = tab.client.outbox.settled(id);
  await scene.pass(10);
  expect(await outcome).toMatchObject({ status: 'accepted' });
});

test('while the server is down the event fails, and the next one delivers', async () => {
  const scene = await decidedOffline(['a']);
  const first = event(scene);
  await scene.pass(80_000);
  expect(first.end).toBe(null);
  await scene.pass(15_000);
  expect([first.end?.end, scene.decided]).toEqual(['waiting', []]);
  await scene.server.start();
  const second = event(scene);
  await scene.pass(2_000);
  expect([second.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a']]);
});

test('it waits for the answers, also of what comes into the outbox late in the event', async () => {
  const scene = await decidedOffline(['a']);
  const delivery = event(scene);
  await scene.pass(60_000);
  await scene.server.start();
  await scene.pass(29_000);
  expect([delivery.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a']]);
});

describe('where nothing is to be delivered, nothing is changed', () => {
  test('with an empty outbox, or none', async () => {
    const scene = await decidedOffline([]);
    const { term } = disk(scene);
    const [own, nobodys] = [event(scene), event(scene, { identity: 'bob' })];
    await scene.pass(10);
    expect([own.end, nobodys.end]).toEqual([{ end: 'nothing' }, { end: 'nothing' }]);
    expect([disk(scene).term, scene.browser.disk('ops', 'bob').term]).toEqual([term, 0]);
  });

  test('an outbox that has never met its server waits for a page', async () => {
    const scene = new BrowserScene();
    await scene.server.stop();
    const tab = await scene.tab('hub.js');
    tab.client.send('decide', { gate: 'a' }, { topic: 'run' });
    await scene.pass(100);
    tab.page.close();
    await scene.pass(100);
    await scene.server.start();
    const { term } = disk(scene);
    const delivery = event(scene);
    await scene.pass(2_000);
    expect(delivery.end).toMatchObject({ end: 'page', why: expect.stringContaining('whose') });
    expect([scene.decided, disk(scene).term]).toEqual([[], term]);
  });

  test('after a sign-out what waits is delivered no more, until that person is there again', async () => {
    const { scene, tab } = await decidingOffline();
    tab.client.signOut();
    await scene.pass(1_000);
    tab.page.close();
    await scene.pass(100);
    await scene.server.start();
    const signedOut = event(scene);
    await scene.pass(2_000);
    expect(signedOut.end).toMatchObject({ end: 'page', why: expect.stringContaining('signed out') });
    expect(scene.decided).toEqual([]);
    await scene.server.stop();
    const again = await scene.tab('hub.js');
    await scene.pass(100);
    expect(again.outbox()).toEqual(['queued']);
    again.page.close();
    await scene.pass(100);
    await scene.server.start();
    const signedIn = event(scene);
    await scene.pass(2_000);
    expect([signedIn.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a']]);
  });

  test('nor is somebody noted to be there again who signed out while the service worker waited', async () => {
    const { scene, tab } = await decidingOffline();
    const delivery = event(scene);
    await scene.pass(1_000);
    tab.client.signOut({ discard: true });
    await scene.pass(500);
    expect(delivery.end).toEqual({ end: 'nothing' });
    expect(disk(scene).endedSessions).toMatchObject({ signOuts: 1 });
    expect(disk(scene).endedSessions?.isSignedInSince).toBe(undefined);
  });

  test('nor is what another build keeps of the last known state deleted by one that keeps nothing', async () => {
    const scene = new BrowserScene();
    const tab = await scene.tab('hub.js', KEPT);
    await scene.emit('a');
    await scene.pass(6_000);
    await scene.server.stop();
    tab.client.send('decide', { gate: 'a' }, { topic: 'run' });
    await scene.pass(100);
    tab.page.close();
    await scene.pass(100);
    const kept = [...scene.browser.stateDisk('ops', 'ann').items.keys()];
    expect(kept).not.toEqual([]);
    await scene.server.start();
    const delivery = event(scene);
    await scene.pass(2_000);
    expect([delivery.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a']]);
    expect([...scene.browser.stateDisk('ops', 'ann').items.keys()]).toEqual(kept);
  });

  test('a build that cannot read what waits leaves it as it is, and what came behind it; the event fails, so that one of another build comes', async () => {
    const scene = await decidedOffline(['a', 'b']);
    await scene.server.start();
    const rows = structuredClone([...disk(scene).entries.values()]);
    const { term } = disk(scene);
    const other = event(scene, { protocol: STRICTER as unknown as typeof PROTOCOL });
    await scene.pass(2_000);
    expect(other.end).toMatchObject({ end: 'waiting', why: expect.stringContaining('cannot read') });
    expect([[...disk(scene).entries.values()], disk(scene).term]).toEqual([rows, term]);
    const own = event(scene);
    await scene.pass(2_000);
    expect([own.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a', 'b']]);
  });

  test('the same where that comes into the outbox between the look and the opening', async () => {
    const scene = await decidedOffline(['a']);
    await scene.server.start();
    const held = new Lifetime();
    scene.browser.locks.of(held).request(ownerLock('ops', 'ann'), () => new Promise<void>(() => {}));
    await scene.pass(0);
    const delivery = event(scene);
    await scene.pass(1_000);
    const [row] = [...disk(scene).entries.values()];
    if (!row) throw new Error('nothing waits');
    const strange = { ...row, id: crypto.randomUUID(), seq: 99, command: { type: 'of the next build' } };
    disk(scene).apply([{ op: 'put', table: 'entries', row: strange }]);
    held.end();
    await scene.pass(5_000);
    expect(delivery.end).toMatchObject({ end: 'waiting' });
    expect([disk(scene).entries.get(strange.id), scene.decided]).toEqual([strange, []]);
  });

  test('where a page of the build that can read it is open, that one delivers, and no event fails', async () => {
    const { scene, tab } = await decidingOffline();
    const delivery = event(scene, { protocol: STRICTER as unknown as typeof PROTOCOL });
    await scene.pass(2_000);
    expect(delivery.end).toMatchObject({ end: 'page', why: expect.stringContaining('cannot read') });
    expect([await roleOf(tab, scene), tab.outbox()]).toEqual(['owner', ['queued']]);
  });

  test('a store of a newer format is left to a build that reads it, and the event fails', async () => {
    const scene = await decidedOffline(['a']);
    await scene.server.start();
    disk(scene).failNext('newer_format', 1);
    const delivery = event(scene);
    await scene.pass(2_000);
    expect(delivery.end).toMatchObject({ end: 'waiting' });
    expect(scene.decided).toEqual([]);
  });
});

describe('a page that comes', () => {
  test('has the ownership at once, and all is delivered once and in order', async () => {
    const scene = await decidedOffline(['a', 'b']);
    const delivery = event(scene);
    await scene.pass(3_000);
    const tab = await scene.tab('hub.js');
    await scene.pass(500);
    expect([await roleOf(tab, scene), tab.outbox()]).toEqual(['owner', ['queued', 'queued']]);
    expect(delivery.end).toBe(null);
    await scene.server.start();
    tab.client.reconnect();
    await scene.pass(6_000);
    expect([delivery.end, scene.decided, scene.sockets]).toEqual([{ end: 'nothing' }, ['a', 'b'], 1]);
  });

  test('in the middle of an answer: the command is asked for again, and runs once', async () => {
    const scene = await decidedOffline(['a', 'b']);
    await scene.server.start();
    const delivery = event(scene);
    let tab: Awaited<ReturnType<typeof scene.tab>> | undefined;
    scene.clock.between = () => {
      if (scene.decided.length === 0 || tab) return;
      scene.clock.between = () => {};
      scene.tab('hub.js').then((opened) => {
        tab = opened;
      });
    };
    await scene.pass(10_000);
    expect(tab && (await roleOf(tab, scene))).toBe('owner');
    expect([delivery.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a', 'b']]);
  });

  test('has it also where the storage hangs, and never relays to the service worker', async () => {
    const scene = await decidedOffline(['a']);
    const delivery = event(scene);
    await scene.pass(1_000);
    const release = disk(scene).hold();
    const tab = await scene.tab('hub.js');
    await scene.pass(1_300);
    release();
    await scene.pass(500);
    expect(await roleOf(tab, scene)).toBe('owner');
    await scene.server.start();
    tab.client.reconnect();
    await scene.pass(6_000);
    expect([delivery.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a']]);
  });
});

describe('a page that is open', () => {
  test('delivers by itself: where only the server is down, the event does not fail', async () => {
    const { scene, tab } = await decidingOffline();
    const { term } = disk(scene);
    const delivery = event(scene);
    await scene.pass(95_000);
    expect(delivery.end).toMatchObject({ end: 'page' });
    expect([await roleOf(tab, scene), disk(scene).term]).toEqual(['owner', term]);
  });

  test('and closes while the event lasts: the service worker goes on where it ended', async () => {
    const { scene, tab } = await decidingOffline();
    const delivery = event(scene);
    await scene.pass(10_000);
    tab.page.close();
    await scene.server.start();
    await scene.pass(5_000);
    expect([delivery.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a']]);
  });
});

test('a hub that has outlived its last page, and can ask nobody for a token, hands over to a service worker that has one', async () => {
  for (const token of ['fresh', null]) {
    const scene = new BrowserScene();
    const tokens = { token: () => 'old', outlivesMs: 300_000 };
    const tab = await scene.tab('hub.js', PROTOCOL, {}, tokens);
    await scene.pass(100);
    await scene.server.stop();
    tab.client.send('decide', { gate: 'a' }, { topic: 'run' });
    await scene.pass(100);
    tab.page.close();
    await scene.pass(3_000);
    scene.letsIn = (given) => given === 'fresh';
    await scene.server.start();
    const delivery = event(scene, token === null ? {} : { token: () => token });
    await scene.pass(20_000);
    expect([delivery.end, scene.decided]).toEqual(token === null ? [null, []] : [{ end: 'nothing' }, ['a']]);
    await scene.pass(75_000);
    expect(delivery.end?.end).toBe(token === null ? 'waiting' : 'nothing');
  }
});

describe('a service worker whose token is refused', () => {
  /** A decision of a page that has this token; the page is closed while the server is down, and its worker lives. */
  async function leftOffline(scene: BrowserScene, token?: () => string): Promise<void> {
    const tab = await scene.tab('hub.js', PROTOCOL, {}, { outlivesMs: 300_000, ...(token && { token }) });
    await scene.pass(100);
    await scene.server.stop();
    tab.client.send('decide', { gate: 'a' }, { topic: 'run' });
    await scene.pass(100);
    tab.page.close();
    await scene.pass(20_000);
  }

  test('is not given way to by a hub that needs none, which tries again at once', async () => {
    const scene = new BrowserScene();
    await leftOffline(scene);
    scene.letsIn = (given) => given === undefined;
    const { term } = disk(scene);
    await scene.server.start();
    const delivery = event(scene, { token: () => 'refused' });
    await scene.pass(500);
    expect([scene.decided, disk(scene).term]).toEqual([['a'], term]);
    await scene.pass(6_000);
    expect(delivery.end).toEqual({ end: 'nothing' });
  });

  test('fails its event at once, and does not take the ownership again; a page that opens has it within a moment', async () => {
    const scene = new BrowserScene();
    await leftOffline(scene, () => 'page');
    scene.letsIn = (given) => given === 'page';
    const { term } = disk(scene);
    await scene.server.start();
    const delivery = event(scene, { token: () => 'refused' });
    await scene.pass(3_000);
    expect(delivery.end).toMatchObject({ end: 'waiting', why: expect.stringContaining('unauthorized') });
    await scene.pass(60_000);
    expect([disk(scene).term, scene.decided]).toEqual([term + 1, []]);
    const tab = await scene.tab('hub.js', PROTOCOL, {}, { token: () => 'page' });
    await scene.pass(500);
    expect([await roleOf(tab, scene), tab.outbox(), scene.decided]).toEqual(['owner', [], ['a']]);
  });

  test('lets a page have it that opens while its token is asked for, and does not come back', async () => {
    const scene = new BrowserScene();
    await leftOffline(scene, () => 'page');
    scene.letsIn = (given) => given === 'page';
    const { term } = disk(scene);
    await scene.server.start();
    const delivery = event(scene, {
      token: () =>
        new Promise((resolve) => {
          scene.clock.setTimer(4_000, () => resolve('refused'));
        }),
    });
    await scene.pass(1_000);
    const tab = await scene.tab('hub.js', PROTOCOL, {}, { token: () => 'page' });
    await scene.pass(500);
    expect([await roleOf(tab, scene), tab.outbox(), scene.decided]).toEqual(['owner', [], ['a']]);
    await scene.pass(30_000);
    expect([delivery.end, disk(scene).term]).toEqual([{ end: 'nothing' }, term + 2]);
  });
});

test('a hub that has a page keeps the connection, whatever a service worker asks', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js', PROTOCOL, {}, { token: () => 'old' });
  await scene.pass(100);
  await scene.server.stop();
  tab.client.send('decide', { gate: 'a' }, { topic: 'run' });
  await scene.pass(100);
  const { term } = disk(scene);
  event(scene, { token: () => 'fresh' });
  await scene.pass(60_000);
  expect([await roleOf(tab, scene), disk(scene).term]).toEqual(['owner', term]);
});

describe('a hub that has outlived its last page, and has a line', () => {
  /** A decision that the server is too busy for; the page is closed. */
  async function refusedForNow(scene = new BrowserScene()): Promise<BrowserScene> {
    const tab = await scene.tab('hub.js', PROTOCOL, {}, { token: () => 'page', outlivesMs: 300_000 });
    await scene.pass(100);
    scene.server.refuse('decide', { code: 'busy', retry: true });
    tab.client.send('decide', { gate: 'a' }, { topic: 'run' });
    await scene.pass(100);
    tab.page.close();
    await scene.pass(3_000);
    return scene;
  }

  test('keeps it, whatever a service worker asks', async () => {
    const scene = await refusedForNow();
    const { term } = disk(scene);
    event(scene, { token: () => 'fresh' });
    await scene.pass(20_000);
    expect([disk(scene).term, scene.sockets]).toEqual([term, 1]);
  });

  for (const [kind, token] of [
    ['is refused', () => 'refused'],
    ['cannot be had', () => Promise.reject(new Error('the token endpoint answered 503'))],
  ] as const)
    test(`delivers by itself where the service worker's token ${kind}`, async () => {
      const scene = await refusedForNow();
      scene.letsIn = (given) => given === 'page';
      const delivery = event(scene, { token });
      await scene.pass(1_000);
      scene.server.accept('decide');
      await scene.pass(80_000);
      expect([delivery.end, scene.decided.at(-1), disk(scene).entries.size]).toEqual([
        { end: 'nothing' },
        'a',
        0,
      ]);
    });

  test('that it loses opens another by itself, as soon as a service worker asks, where it still has the token of its page', async () => {
    const scene = await refusedForNow();
    scene.letsIn = (given) => given === 'page';
    scene.server.accept('decide');
    await scene.server.stop();
    await scene.server.start();
    const { term } = disk(scene);
    const delivery = event(scene, { token: () => 'refused' });
    await scene.pass(1_000);
    expect([disk(scene).entries.size, disk(scene).term]).toEqual([0, term]);
    await scene.pass(6_000);
    expect(delivery.end).toEqual({ end: 'nothing' });
  });

  test('that is dead without a word is found to be, as soon as a service worker asks', async () => {
    const scene = await refusedForNow();
    scene.letsIn = (given) => given === 'page';
    scene.server.accept('decide');
    scene.network.wires.at(-1)?.vanish();
    const delivery = event(scene, { token: () => 'refused' });
    await scene.pass(15_000);
    expect([delivery.end, disk(scene).entries.size]).toEqual([{ end: 'nothing' }, 0]);
  });

  test('hands over once it has lost it', async () => {
    const scene = await refusedForNow();
    const delivery = event(scene, { token: () => 'fresh' });
    await scene.pass(1_000);
    scene.server.accept('decide');
    scene.letsIn = (given) => given === 'fresh';
    await scene.server.stop();
    await scene.server.start();
    await scene.pass(20_000);
    expect([delivery.end, disk(scene).entries.size]).toEqual([{ end: 'nothing' }, 0]);
  });
});

describe('several events of one service worker', () => {
  test('each fails in its own time while the server is down, however many there are', async () => {
    const scene = await decidedOffline(['a']);
    const first = event(scene);
    await scene.pass(30_000);
    const others = [1, 2, 3].map(() => event(scene, first));
    await scene.pass(65_000);
    expect([first.end?.end, ...others.map(({ end }) => end)]).toEqual(['waiting', null, null, null]);
    await scene.pass(30_000);
    expect(others.map(({ end }) => end?.end)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(scene.sockets).toBe(0);
  });

  test('share one delivery, and each is over as soon as nothing waits any more', async () => {
    const scene = await decidedOffline(['a', 'b']);
    const { term } = disk(scene);
    const first = event(scene);
    await scene.pass(10_000);
    const others = [event(scene, first), event(scene, first)];
    await scene.server.start();
    await scene.pass(29_000);
    expect([first, ...others].map(({ end }) => end)).toEqual(Array(3).fill({ end: 'nothing' }));
    expect(scene.decided).toEqual(['a', 'b']);
    expect([first, ...others].flatMap(({ settled }) => settled)).toEqual(['a accepted', 'b accepted']);
    expect([disk(scene).term, scene.sockets]).toEqual([term + 1, 0]);
  });

  test('what comes while one is under way is delivered by the next, in the time that it has left', async () => {
    const scene = await decidedOffline(['a']);
    const first = event(scene);
    await scene.pass(80_000);
    const second = event(scene, first);
    await scene.pass(15_000);
    expect([first.end?.end, second.end]).toEqual(['waiting', null]);
    await scene.server.start();
    await scene.pass(40_000);
    expect([second.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a']]);
  });

  test('for one person does not wait for another’s', async () => {
    const scene = await decidedOffline(['a']);
    scene.letsIn = (token) => token !== undefined;
    await scene.server.start();
    const stuck = event(scene, { token: () => new Promise(() => {}) });
    await scene.pass(1_000);
    const other = event(scene, { serviceWorker: stuck.serviceWorker, identity: 'bob' });
    await scene.pass(1_000);
    expect([stuck.end, other.end]).toEqual([null, { end: 'nothing' }]);
  });
});

test('two service workers of one origin do not take the ownership from each other', async () => {
  const scene = await decidedOffline(['a']);
  await scene.server.start();
  const { term } = disk(scene);
  const token = () =>
    new Promise<string>((resolve) => {
      scene.clock.setTimer(1_500, () => resolve('fresh'));
    });
  const [one, two] = [event(scene, { token }), event(scene, { token })];
  await scene.pass(20_000);
  expect([one.end, two.end, scene.decided]).toEqual([{ end: 'nothing' }, { end: 'nothing' }, ['a']]);
  expect(disk(scene).term - term).toBeLessThanOrEqual(2);
});

test('a window of somebody else is none that goes on with it', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js', PROTOCOL, {}, { outlivesMs: 300_000 });
  scene.browser.page('other.js', () => ({ protocol: PROTOCOL }));
  await scene.pass(100);
  await scene.server.stop();
  tab.client.send('decide', { gate: 'a' }, { topic: 'run' });
  await scene.pass(100);
  tab.page.close();
  await scene.pass(3_000);
  const delivery = event(scene);
  await scene.pass(95_000);
  expect(delivery.end).toMatchObject({ end: 'waiting' });
});

describe('the service worker is ended', () => {
  test('at any moment of a delivery: the next event delivers what is left, once and in order', async () => {
    for (let tasks = 1; ; tasks++) {
      const scene = await decidedOffline(['a', 'b']);
      await scene.server.start();
      const first = event(scene);
      let passed = 0;
      scene.clock.between = () => {
        if (++passed === tasks) first.serviceWorker.kill();
      };
      await scene.pass(2_000);
      scene.clock.between = () => {};
      const second = event(scene);
      await scene.pass(5_000);
      expect([tasks, second.end, scene.decided]).toEqual([tasks, { end: 'nothing' }, ['a', 'b']]);
      expect([disk(scene).entries.size, disk(scene).outcomes.size]).toEqual([0, 2]);
      if (passed < tasks) break;
    }
  });

  test('frozen in the middle with the lock in its hand: a page takes it by force, and the frozen one writes no more', async () => {
    const scene = await decidedOffline(['a']);
    const delivery = event(scene);
    await scene.pass(1_000);
    delivery.serviceWorker.life.freeze();
    const tab = await scene.tab('hub.js');
    await scene.pass(10_000);
    expect(await roleOf(tab, scene)).toBe('owner');
    await scene.server.start();
    delivery.serviceWorker.life.thaw();
    tab.client.reconnect();
    await scene.pass(10_000);
    expect([scene.decided, scene.sockets, delivery.end]).toEqual([['a'], 1, { end: 'nothing' }]);
  });
});

describe('whom the server takes it for', () => {
  test('a token that has expired is asked for once more', async () => {
    const scene = await decidedOffline(['a']);
    await scene.server.start();
    scene.letsIn = (token) => token === 'fresh';
    const tokens = ['expired', 'fresh'];
    const delivery = event(scene, { token: () => tokens.shift() ?? '' });
    await scene.pass(2_000);
    expect([delivery.end, scene.decided, tokens]).toEqual([{ end: 'nothing' }, ['a'], []]);
  });

  test('nobody, as there is no token that it takes: the event fails at once, and all stays as it is for the next page', async () => {
    const scene = await decidedOffline(['a']);
    await scene.server.start();
    scene.letsIn = (token) => token === 'fresh';
    const rows = structuredClone([...disk(scene).entries.values()]);
    const delivery = event(scene, { token: () => 'expired' });
    await scene.pass(2_000);
    expect(delivery.end).toMatchObject({ end: 'waiting', why: expect.stringContaining('unauthorized') });
    expect([[...disk(scene).entries.values()], scene.decided]).toEqual([rows, []]);
    const tab = await scene.tab('hub.js');
    await scene.pass(1_000);
    expect(tab.connections.at(-1)).toMatchObject({ state: 'closed', reason: 'unauthorized' });
    expect(tab.outbox()).toEqual(['queued']);
  });

  test('a token function that fails is for now: it is asked again while the event lasts', async () => {
    const scene = await decidedOffline(['a']);
    await scene.server.start();
    let asked = 0;
    const token = () => {
      if (++asked < 3) throw new Error('the token endpoint answered 503');
      return 'fresh';
    };
    scene.letsIn = (given) => given === 'fresh';
    const delivery = event(scene, { token });
    await scene.pass(30_000);
    expect([delivery.end, scene.decided]).toEqual([{ end: 'nothing' }, ['a']]);
  });

  test('another person than the outbox belongs to: nothing is sent, and all stays as it is', async () => {
    const scene = await decidedOffline(['a']);
    await scene.server.start();
    scene.principal = 'somebody else';
    const delivery = event(scene);
    await scene.pass(2_000);
    expect(delivery.end).toMatchObject({ end: 'waiting', why: expect.stringContaining('identity_mismatch') });
    expect([scene.decided, disk(scene).entries.size, disk(scene).principal]).toEqual([[], 1, 'anonymous']);
  });
});

test('a storage that fails lets the event fail, and what was answered is asked for again', async () => {
  const scene = await decidedOffline(['a']);
  await scene.server.start();
  disk(scene).failNext('failed', 1);
  const unread = event(scene);
  await scene.pass(100);
  expect(unread.end).toMatchObject({ end: 'waiting' });
  const delivery = event(scene);
  await scene.pass(20);
  disk(scene).failure = 'full';
  await scene.pass(5_000);
  disk(scene).failure = null;
  const last = event(scene);
  await scene.pass(5_000);
  expect([delivery.end !== null, last.end, scene.decided]).toEqual([true, { end: 'nothing' }, ['a']]);
});
