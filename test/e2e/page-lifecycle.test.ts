import { expect, type LabTab, test } from './harness/lab.ts';
import { labConfig } from './harness/lab-page.ts';
import { openUnseenTab } from './harness/unseen-tab.ts';
import { endHub, heapOfWorker } from './harness/worker.ts';

/** 100,000 events: as many nodes as lines. */
const NODES = 50;
const ROUNDS = 1_000;
/** Events at a pace that a page keeps up with. */
const PACED = 400;
/** What the hub may hold more than before, of some 20 MB that went through it. */
const HUB_GROWTH_BYTES = 2_000_000;
/** What a page gets that takes the state: messages, and events in them. */
const MESSAGES = 50;
const EVENTS = 2_000;

const texts = async (tab: LabTab) =>
  (await tab.heard()).map(({ event }) => (event.type === 'line' ? event.text : event.type));

for (const worker of ['shared', 'dedicated'] as const) {
  test(`a page with a ${worker} worker goes into the back/forward cache and comes back with what it missed`, async ({
    network,
    open,
    serve,
    site,
  }) => {
    const server = await serve();
    const tab = await open({ worker });
    const other = worker === 'shared' ? await open() : null;
    for (const page of other ? [tab, other] : [tab]) await page.hears('run');
    await server.publish('run', { type: 'line', text: 'before' });
    await expect.poll(() => texts(tab)).toEqual(['before']);
    await tab.note('kept');
    await expect.poll(() => tab.settled()).toHaveLength(1);

    await tab.page.goto(`${site.origin}/away.html`);
    await server.publish('run', { type: 'line', text: 'meanwhile' });
    await server.publish('run', { type: 'alarm', text: 'fire' });
    if (other) {
      await expect.poll(() => texts(other)).toEqual(['before', 'meanwhile', 'alarm']);
      await expect.poll(async () => (await other.inspect()).tabs).toHaveLength(1);
    }
    // A page out of the cache does not load.
    await tab.page.goBack({ waitUntil: 'commit' });

    // The same page, with its memory: not one that was loaded anew.
    await expect.poll(() => tab.page.evaluate(() => window.lab.restored)).toBe(1);
    await expect.poll(() => texts(tab)).toEqual(['before', 'meanwhile', 'alarm']);
    await tab.is('open');
    await tab.note('and I can write');
    await expect.poll(() => tab.settled()).toHaveLength(2);
    await server.publish('run', { type: 'line', text: 'after' });
    for (const each of other ? [tab, other] : [tab])
      await expect.poll(() => texts(each)).toEqual(['before', 'meanwhile', 'alarm', 'after']);
    expect(server.ran.map(({ what }) => what)).toEqual(['note kept', 'note and I can write']);
    if (other) expect(network.peak).toBe(1);
  });
}

for (const worker of ['shared', 'dedicated', 'of another build'] as const) {
  test(`a page with a worker (${worker}) that was in the back/forward cache when somebody signed out is signed out when it comes back`, async ({
    network,
    open,
    serve,
    site,
  }) => {
    const server = await serve();
    const away = await open({ worker });
    const asker = await open();
    for (const tab of [away, asker]) await tab.is('open');
    await network.setMode('refuse');
    for (const tab of [away, asker]) await tab.isOffline();
    const { id } = await away.note('waits');

    await away.page.goto(`${site.origin}/away.html`);
    await expect.poll(async () => (await asker.inspect()).tabs).toHaveLength(1);
    const left = await asker.page.evaluate(async () =>
      (await window.lab.client.signOut()).map((entry) => entry.id),
    );
    expect(left).toEqual([id]);
    await network.setMode('pass');
    await away.page.goBack({ waitUntil: 'commit' });

    await expect.poll(() => away.page.evaluate(() => window.lab.restored)).toBe(1);
    for (const tab of [away, asker]) await tab.is('signed_out');
    const refused = away.page.evaluate(() =>
      window.lab.client.send('note', { text: 'too late' }).catch((error) => error.code),
    );
    expect(await refused).toBe('closed');
    // Whoever signs in anew is connected at once, and what waited goes then.
    expect(network.connections).toBe(0);
    expect(server.ran).toEqual([]);
    const again = await open({ worker });
    await again.is('open');
    await expect.poll(() => server.ran.map(({ what }) => what)).toEqual(['note waits']);
    await away.is('signed_out');
    expect(network.peak).toBe(1);
  });
}

test('a page with a worker of its own has one connection, and its outbox and state outlive its reload', async ({
  network,
  open,
  serve,
}) => {
  const server = await serve();
  const tab = await open({ worker: 'dedicated' });
  await tab.hears('run');
  await server.publish('run', { type: 'line', text: 'before' });
  await expect.poll(() => texts(tab)).toEqual(['before']);
  expect(await tab.page.evaluate(() => window.lab.client.inspect().then(({ tabs }) => tabs))).toHaveLength(1);
  await network.setMode('refuse');
  await tab.isOffline();
  const { id, durable } = await tab.note('written offline');
  expect(durable).toBe(true);

  await tab.page.reload();
  await expect.poll(() => tab.outbox()).toEqual(['note queued']);
  await server.publish('run', { type: 'line', text: 'meanwhile' });
  await network.setMode('pass');
  await tab.reconnect();

  await expect.poll(() => tab.settled()).toEqual([{ id, outcome: { status: 'accepted', duplicate: false } }]);
  await expect.poll(() => texts(tab)).toEqual(['before', 'meanwhile']);
  expect(server.ran).toEqual([{ id, what: 'note written offline', principal: 'guest' }]);
  expect(network.peak).toBe(1);

  await tab.page.close();
  await expect.poll(() => network.connections).toBe(0);
});

test('a hidden page that is frozen during 100,000 events costs the hub nothing, and is whole again with a few messages when it wakes', async ({
  browser,
  network,
  serve,
  site,
}) => {
  const server = await serve();
  const config = JSON.stringify(labConfig(network.port));
  const openTab = () =>
    openUnseenTab(browser, site.origin, `window.labConfig = ${config}; (${countMessages})();`);
  const frozen = await openTab();
  await expect.poll(() => frozen.evaluate(() => window.lab?.client.connection.get().state)).toBe('open');
  const seen = await openTab();
  await expect.poll(() => seen.evaluate(() => window.lab?.client.connection.get().state)).toBe('open');
  await expect.poll(() => frozen.evaluate(() => document.visibilityState)).toBe('hidden');
  await frozen.evaluate(() => {
    document.addEventListener('freeze', () => {
      document.title = 'frozen';
    });
  });
  await frozen.send('Page.setWebLifecycleState', { state: 'frozen' });
  const heapBefore = await heapOfWorker(browser, site.origin);

  for (let count = 1; count <= ROUNDS; count++) {
    const published = [];
    for (let name = 0; name < NODES; name++) {
      published.push(
        server.publish('run', { type: 'node', name: String(name), count }),
        server.publish('run', { type: 'line', text: `${count}/${name}` }),
      );
    }
    await Promise.all(published);
  }
  await server.publish('run', { type: 'alarm', text: 'fire' });

  await expect.poll(() => seen.evaluate(summary), { timeout: 90_000 }).toMatchObject({ alarms: 1 });
  // A page that takes nothing for 5 s has nothing kept for it.
  const report = () =>
    seen.evaluate(async () => {
      const { tabs, topics } = await window.lab.client.inspect();
      return { credits: tabs.map(({ credit }) => credit), queued: topics.map(({ queued }) => queued) };
    });
  await expect.poll(report).toMatchObject({ credits: ['stalled', expect.anything()], queued: [0] });

  const growth = (await heapOfWorker(browser, site.origin)) - heapBefore;
  expect(growth, 'bytes that the hub holds more').toBeLessThan(HUB_GROWTH_BYTES);

  await frozen.send('Page.setWebLifecycleState', { state: 'active' });

  for (const tab of [frozen, seen]) {
    await expect.poll(() => tab.evaluate(summary)).toMatchObject({ alarms: 1 });
    const { nodes, lines, dropped, repeats } = await tab.evaluate(summary);
    expect(nodes).toEqual(Array(NODES).fill(ROUNDS));
    // Of events without a key a page may lose some, and knows how many.
    expect(lines + dropped).toBe(NODES * ROUNDS);
    expect(repeats).toBe(0);
  }
  expect(await frozen.evaluate(() => document.title)).toBe('frozen');
  const woken = await frozen.evaluate(summary);
  expect(woken.lines).toBeGreaterThan(0);
  expect(woken.messages, 'messages to the page that was frozen').toBeLessThan(MESSAGES);
  expect(woken.events, 'events in them').toBeLessThan(EVENTS);
  expect(network.peak).toBe(1);
  for (const tab of [frozen, seen]) await tab.close();
  await endHub(browser, site.origin);
});

test('a page that nobody sees is given what can wait 4 times a second, and the rest at once', async ({
  browser,
  network,
  serve,
  site,
}) => {
  const server = await serve();
  const config = JSON.stringify(labConfig(network.port));
  const openTab = () =>
    openUnseenTab(browser, site.origin, `window.labConfig = ${config}; (${countMessages})();`);
  const hidden = await openTab();
  await expect.poll(() => hidden.evaluate(() => window.lab?.client.connection.get().state)).toBe('open');
  const seen = await openTab();
  await expect.poll(() => seen.evaluate(() => window.lab?.client.connection.get().state)).toBe('open');
  const visible = () =>
    seen.evaluate(async () => (await window.lab.client.inspect()).tabs.map((tab) => tab.visible));
  await expect.poll(visible).toEqual([false, true]);

  const before = (await hidden.evaluate(summary)).messages;
  const begun = performance.now();
  for (let count = 1; count <= PACED; count++) {
    await server.publish('run', { type: 'line', text: `${count}` });
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  await expect.poll(() => hidden.evaluate(summary)).toMatchObject({ lines: PACED, dropped: 0 });
  const { messages } = await hidden.evaluate(summary);
  const seconds = (performance.now() - begun) / 1_000;
  // A page whose process the browser slows down takes fewer rounds. The hub answers, besides, whether it is there: once in 4 s.
  const most = Math.ceil(seconds * 4.25) + 3;
  expect(messages - before, `messages in ${seconds} s`).toBeLessThanOrEqual(most);
  const { messages: toSeen } = await seen.evaluate(summary);
  expect(toSeen).toBeGreaterThan(2 * most);

  await server.publish('run', { type: 'alarm', text: 'fire' });
  await expect.poll(() => hidden.evaluate(summary)).toMatchObject({ alarms: 1 });
  for (const tab of [hidden, seen]) await tab.close();
  await endHub(browser, site.origin);
});

declare global {
  interface Window {
    /** Of the page's ports, so far. */
    messages: number;
  }
}

/** Runs in the page, before its own scripts. */
function countMessages() {
  const { start } = MessagePort.prototype;
  // Comlink starts a port with each call that it makes.
  const counted = new WeakSet<MessagePort>();
  window.messages = 0;
  MessagePort.prototype.start = function startCounted() {
    if (!counted.has(this))
      this.addEventListener('message', () => {
        window.messages++;
      });
    counted.add(this);
    start.call(this);
  };
}

/** Runs in the page. */
function summary() {
  const { heard, client } = window.lab;
  const newest = new Map<string, number>();
  for (const { event } of heard) if (event.type === 'node') newest.set(event.name, event.count);
  const status = client.topic('run').status.get();
  return {
    alarms: heard.filter(({ event }) => event.type === 'alarm').length,
    nodes: [...newest.values()],
    lines: heard.filter(({ event }) => event.type === 'line').length,
    dropped: 'dropped' in status ? status.dropped : 0,
    events: heard.length,
    messages: window.messages,
    repeats: heard.length - new Set(heard.map(({ offset }) => offset)).size,
  };
}
