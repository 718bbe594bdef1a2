import type { Browser } from '@playwright/test';
import { expect, test } from './harness/lab.ts';
import { readLog } from './harness/lab-process.ts';
import { Ledger } from './harness/ledger.ts';
import { workersOf } from './harness/worker.ts';

const TOPICS = ['run:1', 'run:2', 'run:3'];

test.describe('with extendedLifetime', () => {
  test('decisions of the last second before the last tab closes arrive, with no tab left', async ({
    browser,
    context,
    logFile,
    open,
    serveApart,
    site,
  }) => {
    await serveApart();
    const ledger = new Ledger();
    await ledger.follow(context);
    const tab = await open({ extendedLifetime: true });
    await tab.is('open');

    await ledger.decide(tab.page, 'last', TOPICS, 20);
    await expect.poll(() => ledger.count('durable'), { intervals: [1] }).toBeGreaterThan(0);
    await ledger.decide(tab.page, 'last', TOPICS, 20);
    await tab.page.close();

    await expect.poll(() => readLog(logFile).effects).toHaveLength(40);
    expect(ledger.problems(readLog(logFile))).toEqual([]);
    await expect.poll(() => workers(browser, site.origin)).toBe(0);
  });

  test('a worker with nothing to do ends soon after its last tab, and a tab that is opened then has another one', async ({
    browser,
    open,
    serve,
    site,
  }) => {
    const server = await serve();
    for (const text of ['first', 'second', 'third']) {
      const tab = await open({ extendedLifetime: true });
      await tab.hears('run');
      expect(await tab.note(text)).toMatchObject({ durable: true });
      await expect.poll(() => tab.outbox()).toEqual([]);
      await tab.page.close();
      await expect.poll(() => workers(browser, site.origin)).toBe(0);
    }
    expect(server.ran.map(({ what }) => what)).toEqual(['note first', 'note second', 'note third']);
  });

  test('while a decision waits for the line, the worker stays without a tab', async ({
    browser,
    network,
    open,
    serve,
    site,
  }) => {
    const server = await serve();
    const tab = await open({ extendedLifetime: true });
    await tab.is('open');
    await network.setMode('refuse');
    await tab.isOffline();
    await tab.note('waits');
    await tab.page.close();
    // Longer than it takes a worker that has nothing to do.
    const other = await open({ extendedLifetime: true, worker: 'of another build', identity: 'another' });
    await other.page.evaluate(async () => void (await window.lab.client.inspect()));
    await other.page.close();
    await expect.poll(() => workers(browser, site.origin)).toBe(1);
    expect(server.ran).toEqual([]);
    await network.setMode('pass');
    await expect.poll(() => server.ran.map(({ what }) => what)).toEqual(['note waits']);
    await expect.poll(() => workers(browser, site.origin)).toBe(0);
  });

  test('what waited for the line when the last tab closed is sent when the line is back, with no tab left', async ({
    context,
    logFile,
    network,
    open,
    serveApart,
  }) => {
    await serveApart();
    const ledger = new Ledger();
    await ledger.follow(context);
    const tab = await open({ extendedLifetime: true });
    await tab.is('open');
    await network.setMode('refuse');
    await ledger.decide(tab.page, 'last', TOPICS, 20);
    await expect.poll(() => ledger.count('durable')).toBe(20);
    await tab.page.close();
    expect(readLog(logFile).effects).toEqual([]);

    await network.setMode('pass');

    await expect.poll(() => readLog(logFile).effects).toHaveLength(20);
    expect(ledger.problems(readLog(logFile))).toEqual([]);
  });
});

test.describe('without extendedLifetime', () => {
  test('the worker ends with its last tab, and what was stored is sent at the next start', async ({
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
    const before = await open({ extendedLifetime: false });
    await before.is('open');
    await network.setMode('refuse');
    await ledger.decide(before.page, 'before', TOPICS, 20);
    await expect.poll(() => ledger.count('durable')).toBe(20);
    await before.page.close();
    await expect.poll(() => workers(browser, site.origin)).toBe(0);
    await network.setMode('pass');
    expect(readLog(logFile).effects).toEqual([]);

    const after = await open({ extendedLifetime: false });

    await expect.poll(() => readLog(logFile).effects).toHaveLength(20);
    await expect.poll(() => after.outbox()).toEqual([]);
    expect(ledger.problems(readLog(logFile))).toEqual([]);
  });

  test('of decisions of the last moment, those whose send had resolved arrive, the others at most once', async ({
    browser,
    context,
    logFile,
    open,
    serveApart,
    site,
  }) => {
    await serveApart();
    const ledger = new Ledger();
    await ledger.follow(context);
    for (const heardOf of [0, 1, 10]) {
      const life = `closed after ${heardOf}`;
      const tab = await open({ extendedLifetime: false });
      await tab.is('open');
      await expect.poll(() => tab.outbox()).toEqual([]);
      await ledger.decide(tab.page, life, TOPICS, 20);
      await expect
        .poll(() => ledger.count('durable', life), { intervals: [1] })
        .toBeGreaterThanOrEqual(heardOf);
      await tab.page.close();
      await expect.poll(() => workers(browser, site.origin)).toBe(0);
    }

    const after = await open({ extendedLifetime: false });
    await after.is('open');

    await expect.poll(() => after.outbox()).toEqual([]);
    expect(ledger.problems(readLog(logFile))).toEqual([]);
    expect(ledger.count('durable')).toBeGreaterThanOrEqual(11);
  });
});

for (const first of [true, false]) {
  test(`a page that asks for the same worker ${first ? 'without' : 'with'} extendedLifetime, unlike the others, has no hub and says so`, async ({
    open,
    serve,
    site,
  }) => {
    // The page looks at the worker's script, which this policy does not let it do.
    site.foresee('/assets/hub-', () => {});
    const server = await serve();
    const tab = await open({ extendedLifetime: first });
    await tab.is('open');

    const unlike = await open({ extendedLifetime: !first });

    await unlike.is('hub_unavailable');
    const refused = await unlike.page.evaluate(() =>
      window.lab.client.send('note', { text: 'nowhere' }, { topic: 'run' }).then(
        () => 'sent',
        ({ code }) => code,
      ),
    );
    expect(refused).toBe('hub_unavailable');
    await tab.note('as before');
    await expect.poll(() => server.ran.map(({ what }) => what)).toEqual(['note as before']);
    await tab.is('open');
  });
}

async function workers(browser: Browser, origin: string): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  const found = await workersOf(devtools, origin);
  await devtools.detach();
  return found.length;
}
