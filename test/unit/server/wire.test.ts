import { expect, test } from 'vitest';
import { world } from './support/worlds.ts';

test('a client is welcomed, subscribes, gets the state, then events, and its command is acknowledged once', async () => {
  let ran = 0;
  const running = await world({
    commands: {
      decide: ({ gate, comment }, context) => {
        ran += 1;
        context.publish('run:1', { type: 'gate', id: gate, open: comment === 'none' });
        return { resumed: true };
      },
      note: () => {},
    },
  });
  await running.server.publish('run:1', { type: 'node', id: 'a', state: 'running' });
  const client = await running.connect();
  client.hello();
  expect(await client.next('welcome')).toMatchObject({ principal: 'anonymous', app_version: 3 });
  client.send({ type: 'subscribe', topic: 'run:1', ref: 7 });
  expect(await client.next('subscribed')).toMatchObject({ ref: 7, offset: 1, recovered: false });
  expect(await client.next('snapshot')).toMatchObject({
    ref: 7,
    offset: 1,
    part: 0,
    last: true,
    events: [{ offset: 1, key: 'node:a', event: { type: 'node', id: 'a', state: 'running' } }],
  });
  const id = client.command({ type: 'decide', gate: 'g' }, { topic: 'run:1' });
  expect(await client.next('event')).toMatchObject({
    topic: 'run:1',
    offset: 2,
    key: 'gate:g',
    ack: true,
    event: { type: 'gate', id: 'g', open: true },
  });
  expect(await client.next('command_ack')).toEqual({ type: 'command_ack', id, result: { resumed: true } });
  client.command({ type: 'decide', gate: 'g' }, { topic: 'run:1', id, attempt: 2 });
  expect(await client.next('command_ack')).toEqual({
    type: 'command_ack',
    id,
    duplicate: true,
    result: { resumed: true },
  });
  expect(ran).toBe(1);
  expect(running.errors).toEqual([]);
});
