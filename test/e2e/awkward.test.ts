import type { Page } from '@playwright/test';
import { killWorker } from './harness/kill.ts';
import { expect, type LabTab, test } from './harness/lab.ts';

const accepted = (id: string, duplicate = false) => [{ id, outcome: { status: 'accepted', duplicate } }];

/** The hub goes on working, and no tab hears of it from here on. */
function muteHub(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise<void>((done) => {
        const channel = new BroadcastChannel('lab');
        channel.onmessage = ({ data }) => data === 'muted' && done();
        channel.postMessage('mute');
      }),
  );
}

for (const way of ['offline', 'connected'] as const) {
  test(`the worker dies after the store took a command and before its reply, ${way}: it runs once`, async ({
    browser,
    network,
    open,
    serve,
    site,
  }) => {
    const server = await serve();
    const tabs = [await open(), await open()] as const;
    for (const tab of tabs) await tab.is('open');
    if (way === 'offline') await network.setMode('refuse');
    await muteHub(tabs[0].page);
    let replied = false;
    const receipt = tabs[0].note('once').finally(() => {
      replied = true;
    });
    if (way === 'offline') await expect.poll(() => tabs[1].stored('entries')).toHaveLength(1);
    else await expect.poll(() => server.ran).toHaveLength(1);
    expect(replied).toBe(false);

    await killWorker(browser, site.origin);
    await network.setMode('pass');

    const { id, durable } = await receipt;
    expect(durable).toBe(true);
    // The tab that sent it learns how it ended although nobody told it of that at the time.
    await expect
      .poll(() => tabs[0].page.evaluate((of) => window.lab.client.outbox.settled(of), id))
      .toMatchObject({ status: 'accepted' });
    for (const tab of tabs) {
      await tab.is('open');
      expect(await tab.outbox()).toEqual([]);
    }
    expect(server.ran).toEqual([{ id, what: 'note once', principal: 'guest' }]);
  });
}

test('the worker dies after the answer came and before any tab heard of it: the outcome is still there', async ({
  browser,
  open,
  serve,
  site,
}) => {
  const server = await serve();
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.is('open');
  const release = server.hold();
  const id = await tabs[0].page.evaluate(async () => {
    const { id: of, outcome } = await window.lab.client.send('note', { text: 'once' }, { topic: 'run' });
    outcome.then((ended) => {
      document.title = ended.status;
    });
    return of;
  });
  await expect.poll(() => server.ran).toHaveLength(1);
  await muteHub(tabs[0].page);
  release();
  await expect.poll(() => tabs[1].stored('outcomes')).toEqual([expect.objectContaining({ id })]);
  expect(await tabs[0].page.title()).toBe('Lab');
  expect(await tabs[0].outbox()).toEqual(['note sent']);

  await killWorker(browser, site.origin);

  await expect(tabs[0].page).toHaveTitle('accepted');
  for (const tab of tabs) {
    await expect.poll(() => tab.outbox()).toEqual([]);
    const settled = await tab.page.evaluate((of) => window.lab.client.outbox.settled(of), id);
    expect(settled).toEqual({ status: 'accepted', duplicate: false });
  }
  expect(server.ran).toHaveLength(1);
});

test('the server restarts without memory while an answer is open: uncertain, not repeated, until a person says so', async ({
  open,
  serve,
}) => {
  const server = await serve();
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.is('open');
  server.hold();
  const { id } = await tabs[0].note('who knows');
  await expect.poll(() => server.ran).toHaveLength(1);

  await server.crash();
  const after = await serve();

  for (const tab of tabs) {
    await tab.is('open');
    await expect.poll(() => tab.settled()).toEqual([{ id, outcome: { status: 'uncertain' } }]);
    expect(await tab.outbox()).toEqual(['note uncertain']);
  }
  await tabs[0].note('later');
  await expect.poll(() => after.ran.map(({ what }) => what)).toEqual(['note later']);
  await tabs[1].page.reload();
  await expect.poll(() => tabs[1].outbox()).toEqual(['note uncertain']);

  const retried = await tabs[1].page.evaluate(async (of) => {
    const { outcome } = await window.lab.client.outbox.retry(of);
    return outcome;
  }, id);

  expect(retried).toEqual({ status: 'accepted', duplicate: false });
  expect(after.ran.map(({ what }) => what)).toEqual(['note later', 'note who knows']);
  for (const tab of tabs) await expect.poll(() => tab.outbox()).toEqual([]);
});

test('a critical event comes again to a listener that threw, and to no other, and is acknowledged when a page took it', async ({
  network,
  open,
  serve,
}) => {
  const server = await serve();
  const tabs = [await open({ topics: [] }), await open({ topics: [] })] as const;
  for (const { page } of tabs) {
    await page.evaluate(() => {
      const { client } = window.lab;
      const run = client.topic('run');
      const called = (who: string) => {
        document.title += ` ${who}`;
      };
      document.title = '';
      let isFirst = true;
      run.on('alarm', () => {
        called('failing');
        if (!isFirst) return;
        isFirst = false;
        throw new Error('not now');
      });
      run.on('alarm', () => called('steady'));
      run.subscribe({ events: (batch) => called(`batch of ${batch.length}`) });
      // Watches, and takes nothing.
      run.view(0, (count) => count + 1).subscribe((count) => count && called(`view ${count}`));
    });
  }
  for (const tab of tabs) await tab.is('open');
  await expect.poll(() => server.stats().subscriptions).toBe(1);

  await server.publish('run', { type: 'alarm', text: 'fire' });

  for (const { page } of tabs) await expect(page).toHaveTitle('failing steady batch of 1 view 1');
  expect(network.seen.filter(({ frame }) => frame.type === 'ack')).toEqual([]);
  // The server repeats it after 5 s.
  for (const { page } of tabs)
    await expect(page).toHaveTitle('failing steady batch of 1 view 1 failing', { timeout: 30_000 });
  const acks = () =>
    network.seen.filter(({ frame }) => frame.type === 'ack').map(({ frame }) => frame['offsets']);
  await expect.poll(acks).toEqual([[1]]);
  expect(network.seen.filter(({ frame }) => frame['redelivery'])).toHaveLength(1);
  for (const tab of tabs) expect(await tab.errors()).toEqual([expect.stringMatching(/^listener: .*not now/)]);

  // One page that takes it is enough.
  await tabs[0].page.evaluate(() => {
    window.lab.client.topic('run').on('alarm', () => Promise.reject(new Error('never')));
  });
  await server.publish('run', { type: 'alarm', text: 'again' });
  await expect.poll(acks).toEqual([[1], [2]]);
});

test('a topic that the server refuses says so, in every tab, while the others go on', async ({
  open,
  serve,
}) => {
  const server = await serve({ authorize: (_principal, topic) => topic !== 'secret' });
  const tabs = [await open({ topics: ['secret', 'run'] }), await open({ topics: ['run'] })] as const;
  await tabs[1].is('open');
  await tabs[1].page.evaluate(() => window.lab.client.topic('secret').on('line', () => {}));

  for (const tab of tabs) {
    await expect
      .poll(() => tab.page.evaluate(() => window.lab.client.topic('secret').status.get()))
      .toEqual({ state: 'refused', code: 'forbidden', message: expect.any(String) });
    await expect
      .poll(() => tab.page.evaluate(() => window.lab.client.topic('run').status.get().state))
      .toBe('live');
  }
  await server.publish('run', { type: 'line', text: 'to all' });
  for (const tab of tabs) await expect.poll(() => tab.heard()).toHaveLength(1);

  const { id } = await tabs[0].page.evaluate(async () => {
    const receipt = await window.lab.client.send('note', { text: 'in there' }, { topic: 'secret' });
    return { id: receipt.id };
  });
  for (const tab of tabs) {
    await expect
      .poll(() => tab.settled())
      .toEqual([{ id, outcome: { status: 'rejected', code: 'forbidden', message: expect.any(String) } }]);
    expect(await tab.outbox()).toEqual(['note rejected']);
  }
  expect(server.ran).toEqual([]);
});

test('two tabs decide the same gate while offline: the second is refused, and both see the one that waits', async ({
  network,
  open,
  serve,
}) => {
  const server = await serve();
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.is('open');
  await network.setMode('refuse');
  await tabs[0].isOffline();
  const decide = ({ page }: LabTab, verdict: 'approved' | 'rejected') =>
    page.evaluate(
      (value) =>
        window.lab.client.send('decide', { gateId: 'a', verdict: value }, { topic: 'run' }).then(
          ({ id }) => id,
          (error) => error.code,
        ),
      verdict,
    );

  const answers = await Promise.all([decide(tabs[0], 'approved'), decide(tabs[1], 'rejected')]);

  const [winner] = answers.filter((answer) => answer !== 'duplicate_command');
  expect(answers).toContain('duplicate_command');
  expect(winner).toMatch(/^[0-9a-f-]{36}$/);
  for (const { page } of tabs) {
    await expect
      .poll(() => page.evaluate(() => window.lab.client.outbox.pending('decide', 'a').get()))
      .toMatchObject({ id: winner, state: 'queued' });
  }
  await network.setMode('pass');
  await tabs[1].reconnect();
  for (const tab of tabs) {
    await expect.poll(() => tab.settled()).toEqual(accepted(winner));
    await expect
      .poll(() => tab.page.evaluate(() => window.lab.client.outbox.pending('decide', 'a').get()))
      .toBe(undefined);
  }
  expect(server.ran.map(({ id }) => id)).toEqual([winner]);
});

test('51 high and 201 normal commands while offline: one is refused, one is dropped, 250 arrive, high before normal', async ({
  network,
  open,
  serve,
}) => {
  const server = await serve();
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.is('open');
  await network.setMode('refuse');
  await tabs[0].isOffline();
  const answers = await tabs[0].page.evaluate(() => {
    const { client } = window.lab;
    const answer = (sent: Promise<{ id: string; durable: boolean }>) =>
      sent.then(
        ({ durable }) => (durable ? 'stored' : 'in memory'),
        (error) => error.code,
      );
    const normal = Array.from({ length: 201 }, (_, i) =>
      answer(client.send('note', { text: String(i) }, { topic: 'run' })),
    );
    const high = Array.from({ length: 51 }, (_, i) =>
      answer(client.send('decide', { gateId: String(i), verdict: 'approved' }, { topic: 'run' })),
    );
    return Promise.all([...normal, ...high]);
  });
  expect(answers).toEqual([...Array(251).fill('stored'), 'outbox_full']);
  for (const tab of tabs) {
    await expect
      .poll(async () => tally(await tab.outbox()))
      .toEqual({
        'decide queued': 50,
        'note dropped': 1,
        'note queued': 200,
      });
  }

  await network.setMode('pass');
  await tabs[0].reconnect();

  for (const tab of tabs)
    await expect
      .poll(async () => tally(await tab.outbox()), { timeout: 45_000 })
      .toEqual({ 'note dropped': 1 });
  expect(server.ran.map(({ what }) => what)).toEqual([
    ...Array.from({ length: 50 }, (_, i) => `decide ${i} approved`),
    ...Array.from({ length: 200 }, (_, i) => `note ${i + 1}`),
  ]);
});

/** How often each occurs. */
function tally(entries: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const entry of entries) counts[entry] = (counts[entry] ?? 0) + 1;
  return counts;
}
