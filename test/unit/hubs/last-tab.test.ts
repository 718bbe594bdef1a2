import { expect, test } from 'vitest';
import type { Locks } from '../../../src/protocol/leases.ts';
import type { AttachRequest } from '../../../src/protocol/port.ts';
import { Lifetime } from '../../../testing/fakes/lifetime.ts';
import { platformOf } from '../../../testing/fakes/platform.ts';
import { hubSettings } from '../../../worker/core/settings.ts';
import { Hubs } from '../../../worker/shell/hubs.ts';
import { pagePort } from '../../../worker/shell/port.ts';
import { BrowserScene, KEPT, NEWER, PROTOCOL, roleOf } from '../../support/browser-scene.ts';

/** Of the settings, by default. */
const LINGER_MS = 5_000;
/** In which a page that was told to move comes back. */
const MOVED_MS = 100;

const REQUEST: AttachRequest = {
  app: 'ops',
  appVersion: 1,
  identity: 'ann',
  url: 'wss://app.test/ws',
  dialect: 'trunkline.v1',
  lease: 'of a page',
  visible: true,
  hasToken: false,
};

// A page that has closed its client keeps the worker, as `extendedLifetime` does.
const isDead = (scene: BrowserScene, script = 'hub.js') => scene.browser.worker(script) === null;

test('a worker with no tab and nothing to do ends lingerMs after its last tab', async () => {
  const scene = new BrowserScene();
  const [one, two] = [await scene.tab('hub.js'), await scene.tab('hub.js')];
  one.client.close();
  await scene.pass(2 * LINGER_MS);
  expect(isDead(scene)).toBe(false);
  two.client.close();
  await scene.pass(LINGER_MS - 1);
  expect(isDead(scene)).toBe(false);
  await scene.pass(MOVED_MS);
  expect([isDead(scene), scene.sockets]).toEqual([true, 0]);
});

test('a worker whose page was closed before its attach arrived ends as well', async () => {
  const scene = new BrowserScene();
  const page = scene.browser.page('hub.js', () => ({ protocol: PROTOCOL, outlivesMs: 300_000 }));
  page.startWorker();
  page.close();
  await scene.pass(LINGER_MS);
  expect(isDead(scene)).toBe(false);
  await scene.pass(LINGER_MS + MOVED_MS);
  expect(isDead(scene)).toBe(true);
});

test('a page that is busy between its connecting and its attaching is not left without a worker', async () => {
  const scene = new BrowserScene();
  const page = scene.browser.page('hub.js', () => ({ protocol: PROTOCOL, settings: { lingerMs: 0 } }));
  page.startWorker();
  const worker = scene.browser.worker('hub.js');
  await scene.pass(8_000);
  const tab = await scene.tab('hub.js', PROTOCOL, { lingerMs: 0 });
  await scene.pass(60_000);
  expect([scene.browser.worker('hub.js') === worker, await roleOf(tab, scene)]).toEqual([true, 'owner']);
});

test('a worker whose attachments are refused ends after the last of them', async () => {
  const scene = new BrowserScene();
  const page = scene.browser.page('hub.js', () => ({ protocol: PROTOCOL, outlivesMs: 300_000 }));
  const { hub } = page.startWorker();
  await scene.pass(8_000);
  const sink = { deliver: async () => {} };
  // Of another app, and shaped as no build has it.
  hub.attach({ ...REQUEST, app: 'another' }, sink);
  hub.attach({} as AttachRequest, sink);
  page.close();
  await scene.pass(2 * LINGER_MS + MOVED_MS);
  expect(isDead(scene)).toBe(true);
});

test('a worker stays while the attachment that it has been asked for waits for the hub’s lease', async () => {
  const scene = new BrowserScene();
  const life = new Lifetime();
  const platform = platformOf(scene.browser, life);
  let go = () => {};
  const granted = new Promise<void>((resolve) => {
    go = resolve;
  });
  const real = scene.browser.locks.of(life);
  const locks: Locks = {
    request: async (...args: unknown[]) => {
      await granted;
      return Reflect.apply(real.request, real, args);
    },
  };
  const hubs = new Hubs({ ...platform, locks, close: () => life.end() }, PROTOCOL, hubSettings());
  const port = pagePort(hubs);
  const attached = port.attach(REQUEST, { deliver: async () => {} });
  await scene.pass(100 * LINGER_MS);
  expect(life.isDead).toBe(false);
  go();
  await scene.pass(MOVED_MS);
  expect(await attached).toMatchObject({ ok: true });
  // Nobody holds its lease.
  await scene.pass(4 * LINGER_MS);
  expect(life.isDead).toBe(true);
});

test('a tab that comes within lingerMs is given the same worker, which ends lingerMs after that one', async () => {
  const scene = new BrowserScene();
  const first = await scene.tab('hub.js');
  await scene.emit('a');
  const worker = scene.browser.worker('hub.js');
  first.client.close();
  await scene.pass(LINGER_MS - 1);
  const second = await scene.tab('hub.js');
  await scene.pass(10 * LINGER_MS);
  expect([scene.browser.worker('hub.js') === worker, second.gates()]).toEqual([true, ['a open']]);
  second.client.close();
  await scene.pass(LINGER_MS + MOVED_MS);
  expect(isDead(scene)).toBe(true);
  const third = await scene.tab('hub.js');
  await scene.pass(MOVED_MS);
  expect([isDead(scene), third.gates(), third.errors]).toEqual([false, ['a open'], []]);
});

test('while a command waits the worker stays, sends it when the line is back, and ends lingerMs later', async () => {
  const scene = new BrowserScene();
  const { client } = await scene.tab('hub.js');
  await scene.server.stop();
  client.send('decide', { gate: 'g' }, { topic: 'run' });
  await scene.pass(20);
  client.close();
  await scene.pass(200_000);
  expect([isDead(scene), scene.decided]).toEqual([false, []]);
  await scene.server.start();
  // At the next try.
  for (let waited = 0; scene.decided.length === 0 && waited < 120_000; waited += 1_000)
    await scene.pass(1_000);
  expect([isDead(scene), scene.decided]).toEqual([false, ['g']]);
  await scene.pass(2 * LINGER_MS);
  expect(isDead(scene)).toBe(true);
});

test('while the store fails the worker stays: memory has what the store lacks', async () => {
  const scene = new BrowserScene();
  const { client } = await scene.tab('hub.js');
  const disk = scene.browser.disk('ops', 'ann');
  disk.failure = 'failed';
  client.send('decide', { gate: 'g' }, { topic: 'run' });
  await scene.pass(20);
  client.close();
  await scene.pass(100 * LINGER_MS);
  expect([isDead(scene), scene.decided]).toEqual([false, ['g']]);
  disk.failure = null;
  await scene.pass(100 * LINGER_MS);
  expect(isDead(scene)).toBe(true);
});

test('a sign-out that no store took is remembered by the worker, which stays', async () => {
  const scene = new BrowserScene();
  const { client } = await scene.tab('hub.js');
  scene.browser.disk('ops', 'ann').failure = 'failed';
  client.signOut();
  await scene.pass(100 * LINGER_MS);
  expect(isDead(scene)).toBe(false);
});

test('a worker whose sign-out the store has taken later ends', async () => {
  const scene = new BrowserScene();
  const { client } = await scene.tab('hub.js');
  await scene.pass(100);
  const disk = scene.browser.disk('ops', 'ann');
  disk.failure = 'failed';
  client.signOut();
  await scene.pass(2 * LINGER_MS);
  disk.failure = null;
  const next = await scene.tab('hub.js');
  await scene.pass(2 * LINGER_MS);
  expect(disk.endedSessions).toMatchObject({ signOuts: 1 });
  next.client.close();
  await scene.pass(4 * LINGER_MS);
  expect(isDead(scene)).toBe(true);
});

test('a tab that comes while a hub that retires waits for its store keeps its line', async () => {
  const scene = new BrowserScene();
  const settings = { lingerMs: 60_000 };
  const first = await scene.tab('hub.js', PROTOCOL, settings);
  await scene.pass(100);
  first.client.close();
  await scene.pass(59_000);
  const release = scene.browser.disk('ops', 'ann').hold();
  await scene.pass(1_500);
  const tab = await scene.tab('hub.js', PROTOCOL, settings);
  await scene.pass(500);
  release();
  await scene.pass(1_000);
  const states = tab.connections.map(({ state }) => state);
  expect(states.slice(states.indexOf('open'))).toEqual(['open']);
  expect(isDead(scene)).toBe(false);
});

test('a worker whose identity is signing out stays until that is done', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js', KEPT, {}, { outlivesMs: 300_000 });
  await scene.emit('a');
  await scene.pass(6_000);
  const state = scene.browser.stateDisk('ops', 'ann');
  expect(state.items.size).toBe(1);
  const release = state.hold();
  tab.client.signOut();
  await scene.pass(50);
  tab.page.close();
  await scene.pass(LINGER_MS + MOVED_MS);
  expect(isDead(scene)).toBe(false);
  release();
  await scene.pass(2 * LINGER_MS);
  expect([state.items.size, isDead(scene)]).toEqual([0, true]);
});

test('a worker whose hubs only relay ends as well, and the owner in the other one goes on', async () => {
  const scene = new BrowserScene();
  const owner = await scene.tab('old.js');
  const relayed = await scene.tab('new.js');
  relayed.client.close();
  await scene.pass(LINGER_MS + MOVED_MS);
  expect([isDead(scene, 'new.js'), isDead(scene, 'old.js')]).toEqual([true, false]);
  owner.client.close();
  await scene.pass(LINGER_MS + MOVED_MS);
  expect(isDead(scene, 'old.js')).toBe(true);
});

test('a worker that gives its ownership away keeps its tabs, also where a tab lingers for no time', async () => {
  const scene = new BrowserScene();
  const settings = { lingerMs: 0 };
  const older = await scene.tab('old.js', PROTOCOL, settings);
  const newer = await scene.tab('new.js', NEWER, settings);
  await scene.pass(10 * LINGER_MS);
  expect([await roleOf(older, scene), await roleOf(newer, scene)]).toEqual(['relay', 'owner']);
  expect([isDead(scene, 'old.js'), isDead(scene, 'new.js')]).toEqual([false, false]);
  expect([...older.errors, ...newer.errors]).toEqual([]);
});
