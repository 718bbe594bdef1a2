import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { defineProtocol } from '../../../src/protocol/index.ts';
import { HubWorld } from '../../support/hub-world.ts';

const protocol = defineProtocol({
  app: 'ops',
  version: 1,
  events: { node: { schema: z.object({ id: z.string(), state: z.string() }), key: (e) => e.id } },
  commands: { decide: { schema: z.object({ gate: z.string() }), priority: 'high', dedupe: (c) => c.gate } },
});

test('a subscriber opens the socket, is given the state and then events', () => {
  const world = new HubWorld(protocol);
  const tab = world.attach();
  expect(world.sockets).toHaveLength(0);
  const ticket = tab.subscribe('run:1');
  expect(tab.connection).toEqual({ state: 'connecting', attempt: 0 });
  world.socket.welcome();
  expect(tab.connection).toMatchObject({ state: 'open', session: 's1' });
  const [request] = world.socket.sent('resync_request');
  expect(request).toMatchObject({ topic: 'run:1', last_seen: null });
  const at = { topic: 'run:1', ref: request?.ref ?? -1, epoch: 'e1', offset: 7 };
  const event = { type: 'node', id: 'a', state: 'running' };
  world.socket.say(
    { type: 'subscribed', ...at, recovered: false },
    { type: 'snapshot', ...at, ts: 5, part: 0, last: true, events: [{ offset: 7, ts: 5, key: 'a', event }] },
  );
  expect(tab.snapshots('run:1')).toMatchObject([{ last: true, offset: 7, events: [{ offset: 7, event }] }]);
  world.socket.say({
    type: 'event',
    topic: 'run:1',
    offset: 8,
    ts: 6,
    key: 'a',
    event: { ...event, state: 'done' },
  });
  expect(tab.events('run:1')).toMatchObject([{ offset: 8, event: { state: 'done' } }]);
  expect(tab.status('run:1')).toMatchObject({ state: 'live', offset: 8, lastSeen: 6 });
  expect(ticket).toBe(1);
});

test('a decision made offline is stored, delivered at the next welcome, and its end is told', () => {
  const world = new HubWorld(protocol);
  const tab = world.attach();
  const { id, pending } = tab.send({
    command: { type: 'decide', gate: 'g' },
    priority: 'high',
    dedupeKey: 'g',
  });
  expect(pending.reply).toEqual({ ok: true, value: { durable: true } });
  expect(tab.outbox).toMatchObject([{ id, state: 'queued' }]);
  world.socket.welcome();
  expect(world.disk.entries.get(id)).toMatchObject({ maybeSent: true, attempt: 1 });
  expect(world.socket.sent('command')).toMatchObject([{ id, attempt: 1, priority: 'high' }]);
  world.socket.say({ type: 'command_ack', id, result: { resumed: true } });
  expect(tab.settled).toEqual([
    { id, outcome: { status: 'accepted', duplicate: false, result: { resumed: true } } },
  ]);
  expect(tab.outbox).toEqual([]);
  expect(world.disk.entries.size).toBe(0);
});
