import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { parseClientMessage, parseServerMessage } from '../../src/protocol/frames/index.ts';
import { defineProtocol } from '../../src/protocol/index.ts';
import { HubWorld, type WorldTab } from '../support/hub-world.ts';
import { HandWorld } from './server/support/hand.ts';

const protocol = defineProtocol({
  app: 'ops',
  version: 3,
  events: { order: { schema: z.looseObject({ id: z.unknown() }), key: ({ id }) => String(id) } },
  commands: { order: { schema: z.looseObject({}) } },
});
const ID = '00000000-0000-4000-8000-00000000c0de';

const errorsOf = (tab: WorldTab) =>
  tab.batches.flatMap(({ reports = [] }) => reports).filter(({ kind }) => kind === 'error');

/** A hub that reads the dialect, and what says events to it as JSON text. */
const dialects = {
  'trunkline.v1': () => {
    const world = new HubWorld(protocol);
    const tab = world.attach();
    tab.subscribe('t');
    world.socket.welcome();
    const at = { topic: 't', ref: 1, epoch: 'e', offset: 0 };
    world.socket.say({ type: 'snapshot', ...at, ts: 0, part: 0, last: true, events: [] });
    let offset = 0;
    const say = (event: string) =>
      world.socket.text(`{"type":"event","topic":"t","offset":${++offset},"ts":1,"event":${event}}`);
    return { world, tab, topic: 't', say };
  },
  plain: () => {
    const world = new HubWorld(protocol);
    const tab = world.attach({ dialect: { plain: {} } });
    tab.subscribe('default');
    world.socket.accept();
    return { world, tab, topic: 'default', say: (event: string) => world.socket.text(event) };
  },
};

describe.each(['trunkline.v1', 'plain'] as const)('in %s', (dialect) => {
  test('integers beyond 2^53 are reported once, by name, and given', () => {
    const { tab, topic, say } = dialects[dialect]();
    for (const id of ['9007199254740991', '9007199254740992', '9007199254740993'])
      say(`{"type":"order","id":${id},"lines":[{"n":-0.5}]}`);
    expect(tab.events(topic)).toHaveLength(3);
    expect(errorsOf(tab)).toEqual([
      {
        kind: 'error',
        code: 'invalid_event',
        message: `event order: id is beyond 2^53, where several numbers are read as one: send it as text (topic ${topic})`,
      },
    ]);
  });

  test('a number beyond all numbers breaks the schema of its event, whatever that says', () => {
    const { world, tab, topic, say } = dialects[dialect]();
    say('{"type":"order","id":"a","lines":[{"price":1e400}]}');
    say('{"type":"order","id":"b"}');
    expect(tab.events(topic).map(({ key }) => key)).toEqual(['b']);
    expect(world.report.counts).toMatchObject({ invalidEvents: 1, holes: 0, malformedFrames: 0 });
    expect(errorsOf(tab)).toMatchObject([
      { code: 'invalid_event', message: expect.stringContaining('lines.0.price is larger than any number') },
    ]);
  });

  test.each(['NaN', '{"type":"order","id":NaN}', '{"type":"order","id":-Infinity}', '[[]]', '[7]'])(
    'what is no JSON, or no object with a type, is dropped, counted and reported once: %s',
    (message) => {
      const { world, tab } = dialects[dialect]();
      world.socket.text(message);
      world.socket.text(message);
      expect(world.report.counts.malformedFrames).toBe(2);
      expect(errorsOf(tab)).toHaveLength(1);
    },
  );
});

test('a server refuses a command with a number beyond all numbers, and reports integers beyond 2^53 once', async () => {
  const world = new HandWorld({ protocol, handlers: { order: () => {} } });
  const peer = await world.join();
  const send = (n: number, command: string) =>
    peer.hear(
      `{"type":"command","id":"${ID.slice(0, -1)}${n}","priority":"normal","created_at":1,"attempt":1,"app_version":3,"command":${command}}`,
    );
  send(1, '{"type":"order","price":-1e400}');
  send(2, '{"type":"order","id":9007199254740993}');
  send(3, '{"type":"order","id":9007199254740995}');
  await setImmediate();
  await world.clock.advance(0);
  expect(peer.all('command_nack')).toMatchObject([
    {
      code: 'invalid_command',
      message: expect.stringContaining('price is larger than any number'),
      ran: false,
    },
  ]);
  expect(peer.all('command_ack')).toHaveLength(2);
  expect(world.errors).toEqual([expect.stringContaining('command order: id is beyond 2^53')]);
});

test.each([
  '{"type":"subscribe","topic":"t","ref":1,"cursor":[]}',
  '{"type":"subscribe","topic":"t","ref":1,"last_seen":[1,2]}',
  '{"type":"ack","topic":"t","epoch":"e","offsets":{}}',
  '{"type":"ack","topic":"t","epoch":"e","offsets":[],"failed":[[]]}',
  `{"type":"command","id":"${ID}","priority":"high","created_at":1,"attempt":1,"app_version":1,"command":[]}`,
])('arrays and objects are not taken for each other: %s', (message) => {
  expect([...parseClientMessage(message)]).toMatchObject([{ ok: false, problem: 'malformed' }]);
});

test.each([
  '{"type":"snapshot","topic":"t","ref":1,"epoch":"e","offset":1,"ts":1,"part":0,"last":true,"events":{}}',
  '{"type":"snapshot","topic":"t","ref":1,"epoch":"e","offset":1,"ts":1,"part":0,"last":true,"events":[[]]}',
  '{"type":"event","topic":"t","offset":1,"ts":1,"event":[]}',
  '{"type":"event","topic":"t","offset":9007199254740993,"ts":1,"event":{"type":"x"}}',
  '{"type":"event","topic":"t","offset":1,"ts":1e400,"event":{"type":"x"}}',
  '{"type":"welcome","session":"s","principal":"p","server_time":1,"dedupe_since":1,"runs":{}}',
])('nor in what a server says: %s', (message) => {
  expect(parseServerMessage(message)).toMatchObject([{ ok: false, problem: 'malformed' }]);
});
