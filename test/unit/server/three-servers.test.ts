/** What one server of a replicated log does to people and topics holds on all of them. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EventLog, replicatedLog } from '../../../src/server/index.ts';
import { MemoryEngine, MemoryLogService } from '../../support/memory-engine.ts';
import { CLIENT_ID, type HandPeer, HandWorld } from './support/hand.ts';

const TOPICS = ['t', 'u'] as const;

/** Whom `authorize` of all servers lets read what, as the application's own database would say it. */
let withdrawn: Set<string>;
let worlds: HandWorld[];
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
  logs = Array.from({ length: 3 }, () => replicatedLog({ engine: new MemoryEngine(service, 4_000_000) }));
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
