import { expect, test } from './harness/fixtures.ts';

const OUTAGE_MS = 45_000;

test('an operator decides while the network is down, both tabs reload, and the decision arrives first and once', async ({
  open,
  network,
  server,
}) => {
  const tabs = [await open(), await open()] as const;
  const [one] = tabs;
  await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
  for (const tab of tabs) await tab.lists('gates', [/gate a open/]);
  // Subscribed by now: it comes as an event, not in the snapshot.
  await server.publish('run', { type: 'line', text: 'before the outage' });
  for (const tab of tabs) await tab.lists('lines', ['before the outage']);
  const lastSeen = network.seen.findLast(({ frame }) => frame.type === 'event')?.frame['ts'];

  await network.setMode('refuse');
  const restored = new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
  for (const tab of tabs) await tab.isOffline();
  expect(await one.sendNote('written down offline')).toMatchObject({ durable: true });
  await one.page.getByRole('button', { name: 'approve a' }).click();
  for (const tab of tabs) await tab.lists('outbox', ['human_decision queued', 'note queued']);
  await server.publish('run', { type: 'line', text: 'missed 1' });
  await server.publish('run', { type: 'gate', gateId: 'b', state: 'open' });
  await server.publish('run', { type: 'line', text: 'missed 2' });
  for (const tab of tabs) {
    await tab.page.reload();
    await tab.lists('outbox', ['human_decision queued', 'note queued']);
  }
  await restored;
  const outageEnd = network.seen.length;
  await network.setMode('pass');

  for (const tab of tabs) {
    // Short waits drawn one after the other may open the breaker, which probes once a minute.
    await tab.shows('connection', 'open', 75_000);
    await tab.lists('settled', [/ accepted$/, / accepted$/]);
    await tab.lists('outbox', []);
    await tab.lists('gates', [/gate a approved/, /gate b open/]);
    await tab.lists('lines', ['before the outage', 'missed 1', 'missed 2', 'note: written down offline']);
    const offsets = (await tab.events()).map(({ offset }) => offset);
    expect(offsets).toEqual([...new Set(offsets)]);
    expect(await tab.errors()).toEqual([]);
  }
  expect(server.ran.map(({ what }) => what)).toEqual([
    'human_decision a approved',
    'note written down offline',
  ]);
  // An event that was taken is acknowledged in between, whenever that is.
  const sent = network.seen
    .slice(outageEnd)
    .filter(({ from, frame }) => from === 'client' && frame.type !== 'ack');
  expect(sent.map(({ frame }) => frame.type).slice(0, 3)).toEqual(['hello', 'resync_request', 'command']);
  expect(sent[1]?.frame).toMatchObject({ topic: 'run', last_seen: lastSeen });
  expect(sent[2]?.frame).toMatchObject({ priority: 'high', attempt: 1, command: { type: 'human_decision' } });
  expect(network.peak).toBe(1);
});
