import { expect, test } from 'vitest';
import { BrowserScene, KEPT, NEWER } from '../../support/browser-scene.ts';

const LACK = expect.stringContaining('no Web Locks');

function sceneWithoutLocks() {
  const scene = new BrowserScene();
  scene.browser.grantsLocks = false;
  return scene;
}

test('without locks each page reads by a connection of its own, of a client of its own, and says what it lacks', async () => {
  const scene = sceneWithoutLocks();
  const tabs = [await scene.tab(null), await scene.tab(null, KEPT), await scene.tab(null, NEWER)];
  await scene.emit('g');
  await scene.pass(60_000);
  for (const tab of tabs) {
    expect(tab.gates()).toEqual(['g open']);
    const asked = tab.client.inspect();
    await scene.pass(0);
    const report = await asked;
    expect(report).toMatchObject({
      role: { state: 'owner', term: 0 },
      storage: { state: 'degraded', reason: LACK },
      connection: { state: 'open', detail: { message: LACK } },
      sockets: { opened: 1 },
    });
    expect(tab.client.connection.get()).toMatchObject({ state: 'open', detail: { message: LACK } });
    expect(tab.client.outbox.storage.get()).toMatchObject({ state: 'degraded', reason: LACK });
    expect(tab.errors).toEqual([LACK]);
  }
  expect(scene.browser.disk('ops', 'ann').entries.size).toBe(0);
});

test('without locks what is sent is in memory alone, and accepted once; what must be durable is refused', async () => {
  const scene = sceneWithoutLocks();
  const [one, other] = [await scene.tab(null), await scene.tab(null)];
  const sent = one.client.send('decide', { gate: 'g' }, { topic: 'run' });
  const refused = other.client.send('decide', { gate: 'h' }, { requireDurable: true });
  refused.catch(() => {});
  await scene.pass(1_000);
  expect(await sent).toMatchObject({ durable: false });
  await expect(refused).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect([scene.decided, one.settled(), other.settled()]).toEqual([['g'], ['accepted'], []]);
});

test('a page without locks comes back out of the back/forward cache, and leaves no connection behind', async () => {
  const scene = sceneWithoutLocks();
  const tab = await scene.tab(null);
  await scene.emit('g');
  tab.page.enterCache();
  await scene.pass(1_000);
  tab.page.leaveCache();
  await scene.emit('h');
  expect(tab.gates()).toEqual(['g open', 'h open']);
  tab.page.close();
  await scene.pass(10_000);
  expect(scene.server.connections).toBe(0);
});

test('pages whose browser remembers for them are all signed out by one', async () => {
  const scene = sceneWithoutLocks();
  const [one, other] = [await scene.tab(null), await scene.tab(null)];
  one.client.signOut();
  await scene.pass(1_000);
  for (const tab of [one, other]) expect(tab.client.connection.get()).toMatchObject({ reason: 'signed_out' });
});
