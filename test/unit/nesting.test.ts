import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { judgeCommand } from '../../src/client/judge-command.ts';
import { defineProtocol } from '../../src/protocol/index.ts';
import type { Json } from '../../src/protocol/json.ts';
import { HubWorld } from '../support/hub-world.ts';
import { HandWorld } from './server/support/hand.ts';

const protocol = defineProtocol({
  app: 'ops',
  version: 3,
  events: { anything: { schema: z.looseObject({}) } },
  commands: { anything: { schema: z.looseObject({}) } },
});
const ID = '00000000-0000-4000-8000-00000000c0de';
/** So many objects and arrays within each other. */
const nested = (depth: number): Json => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
const DEEPEST = { type: 'anything', of: nested(199) };
const TOO_DEEP = { type: 'anything', of: nested(200) };
const BOTTOMLESS = `{"type":"anything","of":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;

function live() {
  const world = new HubWorld(protocol);
  const tab = world.attach();
  tab.subscribe('t');
  world.socket.welcome();
  const at = { topic: 't', ref: 1, epoch: 'e', offset: 0 };
  world.socket.say({ type: 'snapshot', ...at, ts: 0, part: 0, last: true, events: [] });
  return { world, tab };
}

test('an event that is nested more than 200 deep breaks its schema, whatever that says, and the others go on', () => {
  const { world, tab } = live();
  const event = (offset: number, of: string) =>
    world.socket.text(`{"type":"event","topic":"t","offset":${offset},"ts":1,"event":${of}}`);
  event(1, JSON.stringify(DEEPEST));
  event(2, JSON.stringify(TOO_DEEP));
  event(3, BOTTOMLESS);
  event(4, JSON.stringify({ type: 'anything', of: 'after' }));
  expect(tab.events('t').map(({ offset }) => offset)).toEqual([1, 4]);
  expect(world.report.counts).toMatchObject({ invalidEvents: 2, holes: 0, malformedFrames: 0 });
});

test('a result that is nested so deep is left out, and told: the command was accepted', () => {
  const { world, tab } = live();
  const { id } = tab.send({ command: { type: 'anything' } });
  world.socket.text(`{"type":"command_ack","id":"${id}","result":${BOTTOMLESS}}`);
  expect(tab.settled).toEqual([{ id, outcome: { status: 'accepted', duplicate: false, result: undefined } }]);
  expect(tab.batches.flatMap(({ reports = [] }) => reports)).toContainEqual({
    kind: 'error',
    code: 'too_large',
    message: 'the result of anything is nested more than 200 deep, and left out',
  });
  expect(world.report.storage).toEqual({ state: 'ok' });
});

test('a command that is nested so deep is refused in the tab, and by the server', async () => {
  const judge = ({ type, ...payload }: object & { type: string }) =>
    judgeCommand(protocol, ID, type, payload, {});
  expect(judge(DEEPEST).command).toEqual(DEEPEST);
  for (const command of [TOO_DEEP, JSON.parse(BOTTOMLESS)])
    expect(() => judge(command)).toThrow(/more than 200 deep/);

  const world = new HandWorld({ protocol, handlers: { anything: () => {} } });
  const peer = await world.join();
  for (const [n, command] of [JSON.stringify(DEEPEST), JSON.stringify(TOO_DEEP), BOTTOMLESS].entries())
    peer.hear(
      `{"type":"command","id":"${ID.slice(0, -1)}${n}","priority":"normal","created_at":1,"attempt":1,"app_version":3,"command":${command}}`,
    );
  await setImmediate();
  expect(peer.all('command_ack')).toHaveLength(1);
  const refusal = {
    code: 'invalid_command',
    message: expect.stringContaining('more than 200 deep'),
    retry: false,
  };
  expect(peer.all('command_nack')).toMatchObject([refusal, refusal]);
});

test('an event that is nested so deep cannot be published', async () => {
  const { broker } = new HandWorld({ protocol, handlers: { anything: () => {} } });
  await broker.publish('t', DEEPEST);
  for (const event of [TOO_DEEP, JSON.parse(BOTTOMLESS)])
    await expect(broker.publish('t', event)).rejects.toThrow(/more than 200 deep/);
});
