/** What one server of a replicated log does to people and topics holds on all of them. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EventLog, replicatedLog } from '../../../src/server/index.ts';
import { MemoryEngine, MemoryLogService } from '../../support/memory-engine.ts';
import { CLIENT_ID, type HandPeer, HandWorld } from './support/hand.ts';

const TOPICS = ['t', 'u'] as const;

/** Whom `authorize` of all servers lets read what, as the application's own database would say it. */
let withdrawn: Set<string>;
let worlds: HandWorld[];
let engines: MemoryEngine[];
let logs: EventLog[];
let peers: HandPeer[];

/** Until so much has come of what was just done, on servers whose clocks are moved by hand. */
async function until(holds: () => void): Promise<void> {
  await vi.waitFor(async () => {
    for (const { clock } of worlds) await clock.advance(0);
    holds();
  });
}

beforeEach(async () => {
  withdrawn = new Set();
  const service = new MemoryLogService(() => 1_700_000_000_000);
  engines = Array.from({ length: 3 }, () => new MemoryEngine(service, 4_000_000));
  logs = engines.map((engine) => replicatedLog({ engine }));
  worlds = logs.map(
    (log) => new HandWorld({ log, authorize: async (who, topic) => !withdrawn.has(`${who} ${topic}`) }),
  );
  peers = worlds.map((world, index) => {
    const peer = world.connect('ann');
    peer.hello({ client_id: CLIENT_ID.replace('1', `${index + 2}`) });
    return peer;
  });
  await until(() => {
    for (const peer of peers) expect(peer.frames).toMatchObject([{ type: 'welcome' }]);
  });
  for (const peer of peers)
    peer.say(...TOPICS.map((topic, index) => ({ type: 'subscribe', topic, ref: index + 1 })));
  await until(() => {
    for (const peer of peers) expect(peer.frames.filter(({ type }) => type === 'snapshot')).toHaveLength(2);
  });
  for (const peer of peers) peer.frames = [];
});
afterEach(async () => {
  for (const peer of peers) peer.lose();
  for (const log of logs) await log.close();
});

test('rights that one server has judged anew are judged anew by all', async () => {
  withdrawn.add('ann t');
  worlds[0]?.broker.recheck('ann');
  await until(() => {
    for (const peer of peers)
      expect(peer.frames).toMatchObject([{ type: 'error', code: 'forbidden', topic: 't', ended: true }]);
  });
  await worlds[1]?.broker.publish('t', { type: 'log', line: 'secret' });
  await worlds[2]?.broker.publish('u', { type: 'log', line: 'open' });
  await until(() => {
    for (const peer of peers)
      expect(peer.all('event').map(({ topic, offset }) => [topic, offset])).toEqual([['u', 1]]);
  });
});

test('connections that one server ends are ended by all', async () => {
  worlds[1]?.broker.disconnect('ann');
  await until(() => {
    for (const peer of peers) expect(peer.frames).toMatchObject([{ type: 'goodbye', code: 'unauthorized' }]);
  });
});

test.each(['disconnect', 'recheck'] as const)(
  '%s is over once every server hears of it, and says where none will',
  async (call) => {
    const [engine] = engines;
    engine?.stall(true);
    const told = vi.fn();
    const telling = worlds[0]?.broker[call]('ann').then(told);
    await until(() => expect(worlds[0]?.errors).toEqual([]));
    expect(told).not.toHaveBeenCalled();
    engine?.stall(false);
    await telling;
    engine?.failNext('refused');
    await expect(worlds[0]?.broker[call]('ann')).rejects.toThrow('nothing was written');
    expect(worlds[0]?.errors).toMatchObject([expect.stringContaining('nothing was written')]);
    engine?.failNext('refused');
    // Who does not wait for it is not ended by that.
    void worlds[0]?.broker[call]('ann');
    await until(() => expect(worlds[0]?.errors).toHaveLength(2));
  },
);

test('a server ends though its log is away for ever, and says of what it was writing that it is not known', async () => {
  const [world, engine] = [worlds[0], engines[0]];
  engine?.stall(true);
  const publishing = expect(world?.broker.publish('t', { type: 'log', line: 'lost' })).rejects.toThrow(
    'closed',
  );
  const ended = vi.fn();
  void world?.broker.close(1_000).then(ended);
  await world?.clock.advance(0);
  peers[0]?.lose();
  await world?.clock.advance(1_999);
  expect(ended).not.toHaveBeenCalled();
  // And as long again for the record that it was at work until now.
  await world?.clock.advance(1);
  await world?.clock.advance(2_000);
  await vi.waitFor(() => expect(ended).toHaveBeenCalled());
  await publishing;
});

test('a topic that one server ends has ended on all, and goes on in one epoch', async () => {
  const before = await worlds[0]?.broker.publish('t', { type: 'gate', id: 'g', open: true });
  await until(() => {
    for (const peer of peers) expect(peer.all('event')).toHaveLength(1);
  });
  await worlds[1]?.broker.endTopic('t');
  await until(() => {
    for (const { frames } of peers)
      expect(frames).toMatchObject([
        { type: 'subscribed', ref: 0, offset: 0 },
        { type: 'snapshot', ref: 0, events: [], missed: [] },
      ]);
  });
  const after = await worlds[2]?.broker.publish('t', { type: 'log', line: 'of the next one' });
  expect(after).toMatchObject({ epoch: expect.any(String), offset: 1 });
  expect(after?.epoch).not.toBe(before?.epoch);
  await until(() => {
    for (const { frames } of peers)
      expect(frames).toMatchObject([
        { type: 'subscribed', epoch: after?.epoch },
        { type: 'snapshot', epoch: after?.epoch },
        { type: 'event', offset: 1 },
      ]);
  });
  for (const log of logs) {
    expect(await log.state('t')).toMatchObject({ epoch: after?.epoch, offset: 1 });
    expect(await log.owed({ principal: 'ann', clientId: CLIENT_ID.replace('1', '2') }, 't')).toEqual([]);
  }
});
