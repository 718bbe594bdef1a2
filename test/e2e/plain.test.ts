import { killWorker } from './harness/kill.ts';
import { test as base, expect, type LabTab } from './harness/lab.ts';
import { type PlainMessage, type PlainServer, startPlainServer } from './harness/plain-server.ts';

/** Longer than the lab's `resyncAfterMs`. */
const LONG_OUTAGE_MS = 2_000;

const test = base.extend<{
  plain: (answer: (command: PlainMessage) => PlainMessage | null) => Promise<PlainServer>;
}>({
  plain: async ({ lead }, use) => {
    const servers: PlainServer[] = [];
    await use(async (answer) => {
      const server = await startPlainServer(answer);
      servers.push(server);
      lead.port = server.port;
      return server;
    });
    for (const server of servers) await server.stop();
  },
});

const WITH_ACKS = { dialect: { plain: { acks: true } }, topics: ['default'] } as const;
const WITHOUT_ACKS = { dialect: { plain: { acks: false } }, topics: ['default'] } as const;
const ack = ({ id }: PlainMessage) => ({ type: 'ack', id });
const counts = async (tab: LabTab) =>
  (await tab.heard()).map(({ event }) => event.type === 'node' && event.count);
const node = (count: number, timestamp: number): PlainMessage => ({
  type: 'node',
  name: 'a',
  count,
  timestamp,
});

test('a plain server’s objects are events in two tabs over one connection, and its answers end commands', async ({
  open,
  network,
  plain,
}) => {
  const server = await plain((command) =>
    command['text'] === 'no' ? { type: 'nack', id: command['id'], message: 'not here' } : ack(command),
  );
  const tabs = [await open(WITH_ACKS), await open(WITH_ACKS)] as const;
  for (const tab of tabs) await tab.hears('default');

  server.say(node(1, 1_000));
  server.say(node(2, 2_000));
  const { id: accepted } = await tabs[0].note('yes');
  const { id: rejected } = await tabs[1].note('no');

  for (const tab of tabs) {
    await expect.poll(() => counts(tab)).toEqual([1, 2]);
    await expect
      .poll(() => tab.settled())
      .toEqual([
        { id: accepted, outcome: { status: 'accepted', duplicate: false } },
        { id: rejected, outcome: { status: 'rejected', code: 'rejected', message: 'not here' } },
      ]);
    expect(await tab.errors()).toEqual([]);
  }
  expect(server.received).toEqual([
    { type: 'note', text: 'yes', id: accepted, priority: 'normal', timestamp: expect.any(Number) },
    { type: 'note', text: 'no', id: rejected, priority: 'normal', timestamp: expect.any(Number) },
  ]);
  expect(network.peak).toBe(1);
});

test('after a long outage, with the worker killed in it, a plain server is asked for what was missed, then gets the command', async ({
  browser,
  open,
  network,
  plain,
  site,
}) => {
  const server = await plain(ack);
  const tab = await open(WITH_ACKS);
  await tab.hears('default');
  server.say(node(1, 1_000));
  await expect.poll(() => counts(tab)).toEqual([1]);
  // The place where the page stands is stored now and then.
  await expect.poll(() => tab.stored('cursors')).toEqual([expect.objectContaining({ lastSeen: 1_000 })]);

  await network.setMode('refuse');
  const over = new Promise((resolve) => setTimeout(resolve, LONG_OUTAGE_MS));
  await tab.isOffline();
  const { id, durable } = await tab.note('written offline');
  expect(durable).toBe(true);
  await killWorker(browser, site.origin);
  server.say(node(2, 2_000));
  await over;
  await network.setMode('pass');
  await tab.reconnect();

  await expect.poll(() => tab.settled()).toEqual([{ id, outcome: { status: 'accepted', duplicate: false } }]);
  await expect.poll(() => counts(tab)).toEqual([1, 2]);
  expect(server.received).toEqual([
    { type: 'resync_request', last_seen: 1_000 },
    expect.objectContaining({ type: 'note', id, text: 'written offline' }),
  ]);
});

test('a short gap costs a plain server no question; what it did not acknowledge comes again', async ({
  open,
  network,
  plain,
}) => {
  let isMute = true;
  const server = await plain((command) => (isMute ? null : ack(command)));
  const tab = await open(WITH_ACKS);
  await tab.hears('default');
  server.say(node(1, 1_000));
  await expect.poll(() => counts(tab)).toEqual([1]);
  const { id } = await tab.note('twice');
  await expect.poll(() => server.received.length).toBe(1);

  isMute = false;
  network.cut();

  await expect.poll(() => tab.settled()).toEqual([{ id, outcome: { status: 'accepted', duplicate: false } }]);
  expect(server.received.map(({ type, id: of }) => [type, of])).toEqual([
    ['note', id],
    ['note', id],
  ]);
});

test('without acks a command counts as written, no more, once the socket has stayed open, and waits through outage and reload', async ({
  open,
  network,
  plain,
}) => {
  const server = await plain(() => null);
  const tab = await open(WITHOUT_ACKS);
  await tab.hears('default');
  server.say(node(1, 1_000));
  await expect.poll(() => counts(tab)).toEqual([1]);

  const { id: first } = await tab.note('into a socket that ends');
  await expect.poll(() => server.received.length).toBe(1);
  expect(await tab.settled()).toEqual([]);
  await network.setMode('refuse');
  const over = new Promise((resolve) => setTimeout(resolve, LONG_OUTAGE_MS));
  await tab.isOffline();
  const { id: second } = await tab.note('into none');
  await tab.page.reload();
  await expect.poll(() => tab.outbox()).toEqual(['note sent', 'note queued']);
  await over;
  expect(await tab.settled()).toEqual([]);
  await network.setMode('pass');
  await tab.reconnect();

  await expect
    .poll(() => tab.settled())
    .toEqual([
      { id: first, outcome: { status: 'written' } },
      { id: second, outcome: { status: 'written' } },
    ]);
  expect(server.received.map(({ type, id, last_seen }) => [type, id ?? last_seen])).toEqual([
    ['note', first],
    ['resync_request', 1_000],
    ['note', first],
    ['note', second],
  ]);
});
