import { expect, test } from 'vitest';
import { BrowserScene, PROTOCOL, type SceneTab } from '../../support/browser-scene.ts';

/** Whether a `sync` event was asked for; it comes with this question, and is used up. */
function comesTo({ browser }: BrowserScene): boolean {
  const tags = [...browser.syncTags];
  browser.syncTags.clear();
  expect([[], ['trunkline:ops']]).toContainEqual(tags);
  return tags.length > 0;
}

async function opened(background = true): Promise<{ scene: BrowserScene; tab: SceneTab }> {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js', PROTOCOL, {}, { background });
  await scene.pass(100);
  expect(tab.connections.at(-1)).toMatchObject({ state: 'open' });
  return { scene, tab };
}

test('is asked for when a command is stored and there is no line, and not while there is one', async () => {
  const { scene, tab } = await opened();
  tab.client.send('decide', { gate: 'a' });
  await scene.pass(100);
  expect([tab.outbox(), comesTo(scene)]).toEqual([[], false]);
  await scene.server.stop();
  await scene.pass(100);
  expect(comesTo(scene)).toBe(false);
  tab.client.send('decide', { gate: 'b' });
  await scene.pass(100);
  expect(comesTo(scene)).toBe(true);
  await scene.pass(60_000);
  expect(comesTo(scene)).toBe(false);
  tab.client.send('decide', { gate: 'c' });
  await scene.pass(100);
  expect(comesTo(scene)).toBe(true);
});

test('is asked for when the line is lost while a command waits for its answer', async () => {
  const { scene, tab } = await opened();
  scene.network.wires.at(-1)?.vanish();
  tab.client.send('decide', { gate: 'a' });
  await scene.pass(100);
  expect([tab.outbox(), comesTo(scene)]).toEqual([['sent'], false]);
  await scene.server.stop();
  await scene.pass(30_000);
  expect(comesTo(scene)).toBe(true);
});

test('is asked for again when the page is hidden, or left, while something waits', async () => {
  const { scene, tab } = await opened();
  await scene.server.stop();
  tab.client.send('decide', { gate: 'a' });
  await scene.pass(100);
  expect(comesTo(scene)).toBe(true);
  tab.page.setVisible(false);
  await scene.pass(10);
  expect(comesTo(scene)).toBe(true);
  tab.page.setVisible(true);
  await scene.pass(10);
  expect(comesTo(scene)).toBe(false);
  tab.page.close();
  await scene.pass(10);
  expect(comesTo(scene)).toBe(true);
});

test('is asked for again by a page that opens without a line, while something waits from before', async () => {
  const { scene, tab } = await opened();
  await scene.server.stop();
  tab.client.send('decide', { gate: 'a' });
  await scene.pass(100);
  tab.page.close();
  await scene.pass(100);
  // It came, and was used up.
  expect(comesTo(scene)).toBe(true);
  await scene.tab('hub.js', PROTOCOL, {}, { background: true });
  await scene.pass(100);
  expect(comesTo(scene)).toBe(true);
});

test('is asked for by a page that is left before a hub has answered its send', async () => {
  const { scene, tab } = await opened();
  tab.client.send('decide', { gate: 'a' });
  tab.page.close();
  await scene.pass(10);
  expect(comesTo(scene)).toBe(true);
});

test('is asked for by a client that is closed while something waits, and not where its person has signed out', async () => {
  const { scene, tab } = await opened();
  scene.network.wires.at(-1)?.vanish();
  tab.client.send('decide', { gate: 'a' });
  await scene.pass(100);
  expect(comesTo(scene)).toBe(false);
  tab.client.close();
  await scene.pass(10);
  expect(comesTo(scene)).toBe(true);
  tab.client.close();
  await scene.pass(10);
  expect(comesTo(scene)).toBe(false);
  const other = await opened();
  other.scene.network.wires.at(-1)?.vanish();
  other.tab.client.send('decide', { gate: 'a' });
  await other.scene.pass(100);
  other.tab.client.signOut();
  await other.scene.pass(100);
  other.tab.client.close();
  await other.scene.pass(10);
  expect(comesTo(other.scene)).toBe(false);
});

test('is not asked for by a page with nothing to deliver, nor by one that does not want it', async () => {
  const { scene, tab } = await opened();
  tab.page.close();
  await scene.pass(10);
  expect(comesTo(scene)).toBe(false);
  const without = await opened(false);
  await without.scene.server.stop();
  without.tab.client.send('decide', { gate: 'a' });
  await without.scene.pass(100);
  without.tab.page.close();
  await without.scene.pass(100);
  expect(comesTo(without.scene)).toBe(false);
});

test('a refusal is told to the log, and the command is stored all the same', async () => {
  const { scene, tab } = await opened();
  await scene.server.stop();
  scene.browser.refusesSync = true;
  const sent = tab.client.send('decide', { gate: 'a' });
  await scene.pass(100);
  expect(await sent).toMatchObject({ durable: true });
  expect(tab.warnings).toContainEqual(expect.stringContaining('with no page open'));
  expect(tab.errors).toEqual([]);
});
