import { expect, test } from './harness/lab.ts';
import { readLog } from './harness/lab-process.ts';
import { Ledger } from './harness/ledger.ts';

const TOPICS = ['run:1', 'run:2', 'run:3'];

for (const [from, what] of [
  ['client', 'a command'],
  ['server', 'an answer'],
] as const) {
  test(`the line is cut in the middle of ${what}: half a frame counts as none, and the decisions run once`, async ({
    context,
    logFile,
    network,
    open,
    serveApart,
  }) => {
    const server = await serveApart();
    const ledger = new Ledger();
    await ledger.follow(context);
    const tab = await open();
    await tab.is('open');
    for (let round = 1; round <= 5; round++) {
      const torn = network.tear(from);
      await ledger.decide(tab.page, 'one', TOPICS, 6);
      await torn;
      await expect.poll(() => tab.outbox()).toEqual([]);
    }
    const again = network.seen.filter(
      ({ frame }) => frame.type === 'command' && Number(frame['attempt']) > 1,
    );
    expect(again.length).toBeGreaterThan(0);
    const { counts } = await tab.inspect();
    expect(counts).toMatchObject({ malformedFrames: 0, invalidEvents: 0 });
    expect(await server.ran()).toHaveLength(30);
    expect(ledger.problems(readLog(logFile))).toEqual([]);
    expect(await tab.errors()).toEqual([]);
  });
}

test('every frame is late, and the line is cut while they are on their way: the decisions run once and in order', async ({
  context,
  logFile,
  network,
  open,
  serveApart,
}) => {
  await serveApart();
  const ledger = new Ledger();
  await ledger.follow(context);
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.is('open');
  network.setDelay(150);
  for (let round = 1; round <= 3; round++) {
    for (const [i, tab] of tabs.entries()) await ledger.decide(tab.page, `tab ${i}`, TOPICS, 6);
    const answered = network.seen.length;
    await expect.poll(() => network.seen.length).toBeGreaterThan(answered);
    network.cut();
  }

  for (const tab of tabs) await expect.poll(() => tab.outbox()).toEqual([]);
  expect(ledger.count('durable')).toBe(36);
  expect(ledger.problems(readLog(logFile))).toEqual([]);
  await expect.poll(() => network.connections).toBe(1);
});

test('the line swallows everything for a while, and gives up what it swallowed: the decisions run once', async ({
  context,
  logFile,
  network,
  open,
  serveApart,
}) => {
  await serveApart();
  const ledger = new Ledger();
  await ledger.follow(context);
  const tab = await open();
  await tab.is('open');
  await network.setMode('blackhole');
  await ledger.decide(tab.page, 'one', TOPICS, 12);
  await expect.poll(() => ledger.count('durable')).toBe(12);
  expect(readLog(logFile).effects).toEqual([]);

  // As a route that comes back: what was on its way arrives, and the hub meanwhile has another connection.
  await tab.reconnect();
  await network.setMode('pass');

  await expect.poll(() => tab.outbox()).toEqual([]);
  expect(ledger.problems(readLog(logFile))).toEqual([]);
  await expect.poll(() => network.connections).toBe(1);
});
