import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cutWrite } from './harness/cut-write.ts';
import { killRendererOfWorker, killWorker } from './harness/kill.ts';
import { expect, openLab, test } from './harness/lab.ts';
import { labConfig } from './harness/lab-page.ts';
import { readLog } from './harness/lab-process.ts';
import { Ledger } from './harness/ledger.ts';
import { startOwnBrowser } from './harness/own-browser.ts';

const TOPICS = ['run:1', 'run:2', 'run:3'];

for (const way of ['offline', 'connected'] as const) {
  test(`a tab is closed in the middle of its sends, ${way}: what was stored arrives, the rest at most once, all in order`, async ({
    context,
    logFile,
    network,
    open,
    serveApart,
  }) => {
    await serveApart();
    const ledger = new Ledger();
    await ledger.follow(context);
    const stays = await open();
    await stays.is('open');
    for (const heardOf of [0, 1, 3, 9]) {
      const life = `closed after ${heardOf}`;
      const closes = await open();
      await closes.is('open');
      if (way === 'offline') await network.setMode('refuse');
      await ledger.decide(closes.page, life, TOPICS, 12);
      await expect
        .poll(() => ledger.count('durable', life), { intervals: [1] })
        .toBeGreaterThanOrEqual(heardOf);
      await closes.page.close();
      await network.setMode('pass');
      await stays.reconnect();
      await stays.is('open');
      await expect.poll(() => stays.outbox()).toEqual([]);
    }

    expect(ledger.problems(readLog(logFile))).toEqual([]);
    expect(ledger.count('durable')).toBeGreaterThanOrEqual(13);
    expect(ledger.count('refused')).toBe(0);
  });
}

test('the renderer with the worker is killed while decisions wait and others are being sent: none is lost or done twice', async ({
  browser,
  context,
  logFile,
  network,
  open,
  serveApart,
  site,
}) => {
  await serveApart();
  const ledger = new Ledger();
  await ledger.follow(context);
  const creator = await open();
  await creator.is('open');
  const other = await open();
  await other.is('open');
  await network.setMode('refuse');
  for (const tab of [creator, other])
    await ledger.decide(tab.page, tab === other ? 'other' : 'creator', TOPICS, 10);
  await expect.poll(() => ledger.count('durable')).toBe(20);
  await network.setMode('pass');
  const crashed = creator.page.waitForEvent('crash');

  await ledger.decide(other.page, 'other', TOPICS, 10);
  await killRendererOfWorker(browser, site.origin);

  await crashed;
  await other.is('open');
  await expect.poll(() => ledger.count('durable', 'other')).toBe(20);
  await expect.poll(() => other.outbox()).toEqual([]);
  expect(ledger.problems(readLog(logFile))).toEqual([]);
});

test('the server is killed in the middle of a command, again and again: it runs once as far as anybody can see', async ({
  browser,
  context,
  logFile,
  open,
  serveApart,
  site,
}) => {
  let server = await serveApart();
  const ledger = new Ledger();
  await ledger.follow(context);
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.is('open');
  await server.hold();
  await ledger.decide(tabs[0].page, 'one', TOPICS, 6);
  await expect.poll(() => server.ran()).toHaveLength(TOPICS.length);
  const begun = await server.ran();

  await server.kill();
  expect(readLog(logFile)).toEqual({ effects: [], accepted: [] });
  server = await serveApart();
  await server.hold();
  await expect.poll(() => server.ran()).toHaveLength(TOPICS.length);
  // The first of each topic, and not the ones behind them.
  expect((await server.ran()).map(({ id }) => id).sort()).toEqual(begun.map(({ id }) => id).sort());
  await server.kill();
  await killWorker(browser, site.origin);
  await serveApart();

  for (const tab of tabs) await expect.poll(() => tab.outbox()).toEqual([]);
  const log = readLog(logFile);
  expect(ledger.problems(log)).toEqual([]);
  expect(log.effects).toHaveLength(6);
  for (const { id } of begun)
    expect(await tabs[1].page.evaluate((of) => window.lab.client.outbox.settled(of), id)).toMatchObject({
      status: 'accepted',
    });
});

test('the browser is killed in the middle of a write: what was stored is there at the next start, and at the one after that', async ({
  folder,
  network,
  site,
}) => {
  await network.setMode('refuse');
  const profile = join(folder, 'profile');
  const start = async () => {
    const own = await startOwnBrowser(profile);
    const tab = await openLab(own.context, site.origin, labConfig(network.port));
    await expect.poll(async () => (await tab.inspect()).role.state).toBe('owner');
    return { own, tab };
  };
  const first = await start();
  expect(await first.tab.decide('gate 1', 'approved')).toMatchObject({ durable: true });
  await first.own.kill();
  const log = await cutWrite(profile);

  const second = await start();
  await expect.poll(second.tab.outbox).toHaveLength(1);
  expect(await second.tab.decide('gate 2', 'approved')).toMatchObject({ durable: true });
  // Behind the cut nothing may stay.
  await expect.poll(() => existsSync(log)).toBe(false);
  await second.own.kill();

  const third = await start();
  await expect.poll(third.tab.outbox).toHaveLength(2);
  expect(await third.tab.errors()).toEqual([]);
  await third.own.kill();
});
