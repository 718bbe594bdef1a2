import { describe, expect, test } from 'vitest';
import { BrowserScene, type SceneTab } from '../../support/browser-scene.ts';

const DURABLY = { topic: 'run', requireDurable: true };
const PERHAPS = { code: 'unconfirmed', message: expect.stringContaining('outbox') };

/** What a promise has come to by now. */
function watch(promise: Promise<unknown>): { state: unknown } {
  const watched: { state: unknown } = { state: 'pending' };
  promise.then(
    (value) => {
      watched.state = value;
    },
    (error) => {
      watched.state = error;
    },
  );
  return watched;
}

test('a decision that hangs in the storage is answered with "perhaps" within 10 s, seen in the outbox, and runs once', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  const release = scene.browser.disk('ops', 'ann').hold();
  const sent = watch(tab.client.send('decide', { gate: 'g' }, DURABLY));
  await scene.pass(7_000);
  expect(sent.state).toBe('pending');
  await scene.pass(3_000);
  expect(sent.state).toMatchObject(PERHAPS);
  expect([tab.outbox(), scene.decided]).toEqual([['queued'], []]);
  release();
  await scene.pass(60_000);
  expect([tab.outbox(), scene.decided]).toEqual([[], ['g']]);
});

test('a hub that does not answer at all: the page says so within 10 s, and the next hub is not asked again', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  tab.page.worker?.life.freeze();
  const sent = watch(tab.client.send('decide', { gate: 'g' }, DURABLY));
  const dismissed = watch(tab.client.outbox.dismiss('nobody'));
  await scene.pass(9_000);
  expect(sent.state).toBe('pending');
  await scene.pass(1_000);
  expect([sent.state, dismissed.state]).toMatchObject([PERHAPS, PERHAPS]);
});

test('a page that slept has not waited for the answer', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  const release = scene.browser.disk('ops', 'ann').hold();
  const sent = watch(tab.client.send('decide', { gate: 'g' }, { topic: 'run' }));
  await scene.pass(0);
  tab.page.life.freeze();
  await scene.pass(60_000);
  release();
  await scene.pass(0);
  tab.page.life.thaw();
  await scene.pass(1_000);
  expect(sent.state).toMatchObject({ durable: expect.any(Boolean) });
});

test('what a page offers again to a worker whose database was lost never leaves for another person', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  await scene.pass(1_000);
  const disk = scene.browser.disk('ops', 'ann');
  const release = disk.hold();
  const sent = watch(tab.client.send('decide', { gate: 'g' }, DURABLY));
  await scene.pass(100);
  scene.principal = 'somebody else';
  tab.page.worker?.kill();
  release();
  disk.erase();
  await scene.pass(20_000);
  expect(scene.decided).toEqual([]);
  expect(sent.state).toMatchObject({ durable: true });
  expect(tab.connections.at(-1)).toMatchObject({ state: 'closed', reason: 'identity_mismatch' });
  expect(tab.outbox()).toEqual(['sent']);
  scene.principal = 'anonymous';
  tab.client.reconnect();
  await scene.pass(1_000);
  expect([tab.outbox(), scene.decided]).toEqual([[], ['g']]);
});

test('a page that was there before is told that its commands are not sent for another person', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  await scene.pass(1_000);
  scene.browser.disk('ops', 'ann').failure = 'blocked';
  scene.principal = 'somebody else';
  tab.page.life.freeze();
  tab.page.worker?.kill();
  const other = await scene.tab('hub.js');
  await scene.pass(1_000);
  tab.page.life.thaw();
  await scene.pass(1_000);
  const sent = watch(tab.client.send('decide', { gate: 'of the first' }));
  const own = watch(other.client.send('decide', { gate: 'of the other' }));
  await scene.pass(20_000);
  expect(sent.state).toMatchObject({ code: 'closed', message: expect.stringContaining('another person') });
  expect([own.state, scene.decided]).toMatchObject([{ durable: false }, ['of the other']]);
});

test.for(['that sent it', 'beside it'])(
  'a decision that the page %s was told to be cancelled does not come back with the next worker',
  async (who) => {
    const scene = new BrowserScene();
    await scene.server.stop();
    const tab = await scene.tab('hub.js');
    const other = await scene.tab('hub.js');
    const disk = scene.browser.disk('ops', 'ann');
    disk.failure = 'unknown';
    for (const gate of ['a', 'b']) tab.client.send('decide', { gate }, { topic: 'run' });
    await scene.pass(20);
    const entry = tab.client.outbox.get().find(({ command }) => command.gate === 'b');
    const { cancel } = (who === 'beside it' ? other : tab).client.outbox;
    const cancelled = watch(cancel(entry?.id ?? ''));
    for (let second = 0; second < 10 && cancelled.state === 'pending'; second++) await scene.pass(1_000);
    expect(cancelled.state).toBe(true);
    tab.page.worker?.kill();
    await scene.pass(1_000);
    disk.failure = null;
    scene.server.start();
    await scene.pass(60_000);
    expect(scene.decided).not.toContain('b');
  },
);

test('a decision that was called cancelled does not run for a page that went into the cache before it heard that it was taken', async () => {
  const scene = new BrowserScene();
  await scene.server.stop();
  const tab = await scene.tab('hub.js');
  const other = await scene.tab('hub.js');
  const disk = scene.browser.disk('ops', 'ann');
  disk.failure = 'failed';
  const sent = watch(tab.client.send('decide', { gate: 'g' }, { topic: 'run' }));
  // It shows the decision, and the answer is still to be heard.
  scene.clock.between = () => {
    if (tab.outbox().length > 0 && !tab.page.isCached) tab.page.enterCache();
  };
  await scene.pass(20);
  expect([tab.page.isCached, sent.state, other.outbox()]).toEqual([true, 'pending', ['queued']]);
  const cancelled = watch(other.client.outbox.cancel(other.client.outbox.get()[0]?.id ?? ''));
  await scene.pass(15_000);
  expect(cancelled.state).toMatchObject(PERHAPS);
  tab.page.worker?.kill();
  scene.clock.between = () => {};
  disk.failure = null;
  tab.page.leaveCache();
  scene.server.start();
  await scene.pass(60_000);
  expect(scene.decided).toEqual(['g']);
  expect(sent.state).toMatchObject(PERHAPS);
});

describe('a database that the browser has lost', () => {
  const lostOf = ({ errors }: SceneTab) => errors.filter((error) => error.startsWith('storage_lost'));

  async function decideOffline(scene: BrowserScene, gates: readonly string[]): Promise<SceneTab> {
    await scene.server.stop();
    const tab = await scene.tab('hub.js');
    for (const gate of gates) {
      const sent = tab.client.send('decide', { gate }, DURABLY);
      await scene.pass(20);
      expect(await sent).toMatchObject({ durable: true });
    }
    return tab;
  }

  test('is told to the next page, once, with how many commands waited there', async () => {
    const scene = new BrowserScene();
    const before = await decideOffline(scene, ['a', 'b', 'c']);
    before.page.close();
    await scene.pass(1_000);
    scene.browser.disk('ops', 'ann').erase();
    const tab = await scene.tab('hub.js');
    await scene.pass(1_000);
    expect(lostOf(tab)).toEqual([expect.stringContaining('3 commands')]);
    expect(tab.client.outbox.storage.get()).toMatchObject({ state: 'ok', lost: { waiting: 3 } });
    tab.page.close();
    await scene.pass(1_000);
    const later = await scene.tab('hub.js');
    await scene.pass(1_000);
    expect(lostOf(later)).toEqual([]);
    expect(later.client.outbox.storage.get()).toMatchObject({ lost: null });
  });

  test('is no loss where a hub had read it: what it knows is stored anew', async () => {
    const scene = new BrowserScene();
    const tab = await decideOffline(scene, ['a']);
    const disk = scene.browser.disk('ops', 'ann');
    disk.failure = 'failed';
    tab.client.send('decide', { gate: 'b' }, { topic: 'run' });
    await scene.pass(20);
    disk.erase();
    disk.failure = null;
    await scene.pass(10_000);
    tab.page.close();
    await scene.pass(1_000);
    const next = await scene.tab('hub.js');
    await scene.pass(1_000);
    expect([next.outbox(), lostOf(tab), lostOf(next)]).toEqual([['queued', 'queued'], [], []]);
  });

  test('is none where it is there, nor where a page comes for the first time', async () => {
    const scene = new BrowserScene();
    const before = await decideOffline(scene, ['a']);
    before.page.close();
    await scene.pass(1_000);
    const next = await scene.tab('hub.js');
    await scene.pass(1_000);
    expect([next.outbox(), lostOf(before), lostOf(next)]).toEqual([['queued'], [], []]);
  });
});

test('whether the browser keeps what is stored is told, and asked for', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  const kept = () => tab.client.outbox.storage.get().persistent;
  await scene.pass(20);
  expect(kept()).toBe(false);
  expect(await tab.client.persist()).toBe(true);
  expect(kept()).toBe(true);
});
