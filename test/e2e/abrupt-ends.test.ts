import { killRendererOfWorker, killWorker } from './harness/kill.ts';
import { expect, test } from './harness/lab.ts';
import { readLog } from './harness/lab-process.ts';
import { Ledger } from './harness/ledger.ts';

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
