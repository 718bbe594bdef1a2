import type { Page } from '@playwright/test';
import { expect, test } from './harness/fixtures.ts';
import { killWorker } from './harness/kill.ts';

test('the worker is killed: the tabs start another, nothing is sent twice and nothing is missed', async ({
  browser,
  open,
  network,
  server,
  site,
}) => {
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.hears();
  await server.publish('run', { type: 'line', text: 'before' });
  for (const tab of tabs) await tab.lists('lines', ['before']);

  await killWorker(browser, site.origin);
  await server.publish('run', { type: 'line', text: 'while there was no worker' });
  await tabs[1].sendNote('to the new worker');

  for (const tab of tabs) {
    await tab.shows('connection', 'open');
    await tab.lists('settled', [/ accepted$/]);
    await tab.lists('lines', ['before', 'while there was no worker', 'note: to the new worker']);
  }
  expect(server.ran.map(({ what }) => what)).toEqual(['note to the new worker']);
  await expect.poll(() => network.connections).toBe(1);
});

test('the worker is killed while commands wait for the network: the next one sends them, decisions first', async ({
  browser,
  open,
  network,
  server,
  site,
}) => {
  const tab = await open();
  await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
  await tab.lists('gates', [/gate a open/]);
  await network.setMode('refuse');
  await tab.isOffline();
  await tab.sendNote('waits');
  await tab.page.getByRole('button', { name: 'approve a' }).click();
  await tab.lists('outbox', ['human_decision queued', 'note queued']);

  await killWorker(browser, site.origin);
  await tab.lists('outbox', ['human_decision queued', 'note queued']);
  await network.setMode('pass');
  await tab.page.evaluate(() => window.gates.client.reconnect());

  await tab.lists('settled', [/ accepted$/, / accepted$/]);
  expect(server.ran.map(({ what }) => what)).toEqual(['human_decision a approved', 'note waits']);
});

test('the answer to a command is lost with the connection: it is sent again and does not run again', async ({
  open,
  network,
  server,
}) => {
  const tab = await open();
  await tab.hears();
  await network.setMode('mute');
  await tab.sendNote('once');
  await expect.poll(() => server.ran.length).toBe(1);

  network.cut();
  await network.setMode('pass');

  await tab.lists('settled', [/ accepted$/]);
  expect(server.ran.map(({ what }) => what)).toEqual(['note once']);
  const attempts = network.seen
    .filter(({ frame }) => frame.type === 'command')
    .map(({ frame }) => frame['attempt']);
  expect(attempts).toEqual([1, 2]);
  await tab.lists('lines', ['note: once']);
});

test('the socket dies without a word, as after a change of networks: a click is accepted within 8 s', async ({
  open,
  network,
  server,
}) => {
  await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
  const tab = await open();
  await tab.lists('gates', [/gate a open/]);
  await tab.shows('connection', 'open');

  network.strand();
  await tab.page.getByRole('button', { name: 'approve a' }).click();
  await tab.lists('settled', [/ accepted$/], 8_000);
  expect(server.ran.map(({ what }) => what)).toEqual(['human_decision a approved']);
  expect(network.seen.filter(({ frame }) => frame.type === 'hello')).toHaveLength(2);
});

for (const [what, need] of [
  ['the page is loaded again', (page) => page.reload().then(() => {})],
  ['the page is shown', (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))],
  ['the network is said to be back', (page) => page.evaluate(() => dispatchEvent(new Event('online')))],
  ['somebody asks for a connection', (page) => page.evaluate(() => window.gates.client.reconnect())],
] satisfies [string, (page: Page) => Promise<unknown>][]) {
  test(`the socket dies without a word, and ${what}: what happened meanwhile is there within 8 s`, async ({
    open,
    network,
    server,
  }) => {
    const tab = await open();
    await tab.hears();
    network.strand();
    await server.publish('run', { type: 'line', text: 'meanwhile' });
    await need(tab.page);
    await tab.lists('lines', ['meanwhile'], 8_000);
  });
}

test('packets vanish without a word: the connection is given up, and the command goes over the next', async ({
  open,
  network,
  server,
}) => {
  const tab = await open();
  await tab.hears();

  await network.setMode('blackhole');
  await tab.sendNote('into the void');
  await tab.shows('connection', /^(connecting|closed \(heartbeat\))$/, 30_000);
  await server.publish('run', { type: 'line', text: 'meanwhile' });
  network.cut();
  await network.setMode('pass');

  await tab.lists('settled', [/ accepted$/], 30_000);
  await tab.lists('lines', ['meanwhile', 'note: into the void']);
  expect(server.ran.map(({ what }) => what)).toEqual(['note into the void']);
  await expect.poll(() => network.connections).toBe(1);
});
