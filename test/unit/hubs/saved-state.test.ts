import { expect, test } from 'vitest';
import { BrowserScene, KEPT, NEWER, type SceneTab } from '../../support/browser-scene.ts';

const status = ({ client }: SceneTab) => client.topic('run').status.get();

/** A browser that knew two gates, and was ended. */
async function ended(): Promise<BrowserScene> {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js', KEPT);
  await scene.emit('a');
  await scene.emit('b');
  await scene.pass(6_000);
  scene.browser.worker('hub.js')?.kill();
  tab.page.crash();
  return scene;
}

test('in a browser that was just started offline a page shows what was known, decides, and is answered when the line is back', async () => {
  const scene = await ended();
  await scene.server.stop();
  await scene.pass(60_000);
  const tab = await scene.tab('hub.js', KEPT);
  await scene.pass(100);
  expect(tab.gates()).toEqual(['a open', 'b open']);
  expect(status(tab)).toMatchObject({ state: 'stale', offset: 2, savedAt: expect.any(Number) });
  let isDurable = false;
  tab.client.send('decide', { gate: 'b' }, { topic: 'run' }).then(({ durable }) => {
    isDurable = durable;
  });
  await scene.pass(100);
  expect(isDurable).toBe(true);
  const before = tab.client.topic('run').latest('gate');
  const values: string[][] = [];
  before.subscribe((byKey) => values.push([...byKey.keys()]));
  await scene.server.start();
  await scene.pass(30_000);
  expect(tab.settled()).toEqual(['accepted']);
  expect(scene.decided).toEqual(['b']);
  expect(status(tab)).toMatchObject({ state: 'live' });
  // Nothing flashes: neither empty nor less.
  expect(values.filter((keys) => keys.length < 2).length).toBeLessThanOrEqual(1);
  expect(scene.errors).toEqual([]);
});

test('a view that comes later begins with what was known as well', async () => {
  const scene = await ended();
  await scene.server.stop();
  const tab = await scene.tab('hub.js', KEPT);
  await scene.pass(100);
  const late = tab.client.topic('run').view(0, (count) => count + 1);
  late.subscribe(() => {});
  await scene.pass(100);
  expect(late.get()).toBe(2);
});

test('listeners of events are given nothing of what was known', async () => {
  const scene = await ended();
  await scene.server.stop();
  const tab = await scene.tab('hub.js', KEPT);
  const heard: string[] = [];
  tab.client.topic('run').on('gate', ({ id }) => heard.push(id), { replay: 'state' });
  await scene.pass(100);
  expect(heard).toEqual([]);
  await scene.server.start();
  await scene.pass(30_000);
  expect(heard).toEqual(['a', 'b']);
});

test('signing out leaves nothing of it on the device and on the page', async () => {
  const scene = await ended();
  const tab = await scene.tab('hub.js', KEPT);
  await scene.pass(1_000);
  expect(tab.gates()).toHaveLength(2);
  const disk = scene.browser.stateDisk('ops', 'ann');
  expect(disk.heads.size).toBe(1);
  let isSignedOut = false;
  tab.client.signOut().then(() => {
    isSignedOut = true;
    expect([...disk.heads, ...disk.items]).toEqual([]);
  });
  await scene.pass(1_000);
  expect(isSignedOut).toBe(true);
  expect(tab.gates()).toEqual([]);
  await scene.server.stop();
  const next = await scene.tab('hub.js', KEPT);
  await scene.pass(1_000);
  expect(next.gates()).toEqual([]);
});

test('a page has a topic forgotten', async () => {
  const scene = await ended();
  const tab = await scene.tab('hub.js', KEPT);
  await scene.pass(1_000);
  let isForgotten = false;
  tab.client
    .topic('run')
    .forget()
    .then(() => {
      isForgotten = true;
    });
  await scene.pass(1_000);
  expect(isForgotten).toBe(true);
  expect([...scene.browser.stateDisk('ops', 'ann').heads.keys()]).toEqual([]);
  expect(tab.gates()).toHaveLength(2);
});

test('a page in a worker of its own, whose hub relays, is shown what was known', async () => {
  const scene = await ended();
  await scene.server.stop();
  await scene.tab('hub.js', KEPT);
  const alone = await scene.tab(null, KEPT);
  await scene.pass(10_000);
  expect(alone.gates()).toEqual(['a open', 'b open']);
});

test('a build that keeps nothing any more leaves nothing of it on the device', async () => {
  const scene = await ended();
  const disk = scene.browser.stateDisk('ops', 'ann');
  expect(disk.heads.size).toBe(1);
  await scene.tab('newer.js', NEWER);
  await scene.pass(1_000);
  expect([...disk.heads, ...disk.items]).toEqual([]);
});
