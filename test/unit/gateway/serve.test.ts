import { expect, test } from 'vitest';
import type { BackendAnswer, BackendCommand } from '../../../src/gateway/backend/contract.ts';
import { running } from './support/running.ts';

test('what is published over HTTP reaches a browser, with its key and what else was said beside it', async () => {
  const { join, post } = await running();
  const client = await join();
  client.send({ type: 'subscribe', topic: 'run:1', ref: 1 });
  await client.next('snapshot');
  const events = [
    { topic: 'run:1', event: { type: 'node', id: 'a', state: 'running' }, key: 'node:a' },
    { topic: 'run:1', event: { type: 'gate', id: 'g' }, key: 'gate:g', critical: true },
    { topic: 'run:1', event: { type: 'node', id: 'a' }, key: 'node:a', gone: true },
  ];
  const { status, body } = await post('/publish', { events });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    events: [
      { topic: 'run:1', offset: 1 },
      { topic: 'run:1', offset: 2 },
      { topic: 'run:1', offset: 3 },
    ],
  });
  expect(await client.take('event', 3)).toMatchObject([
    { offset: 1, key: 'node:a', event: { type: 'node', id: 'a', state: 'running' } },
    { offset: 2, key: 'gate:g', ack: true },
    { offset: 3, key: 'node:a', gone: true },
  ]);
});

test('what of a publish cannot be keeps all of it from being published', async () => {
  const { join, post } = await running({ events: { node: { key: 'id' } } });
  const good = { topic: 't', event: { type: 'node', id: 'a' } };
  const { status, body } = await post('/publish', {
    events: [good, { topic: 't', event: { type: 'node' } }],
  });
  expect(status).toBe(400);
  expect(body).toMatchObject({ message: expect.stringContaining('the field `id` is its key') });
  const client = await join();
  client.send({ type: 'subscribe', topic: 't', ref: 1 });
  expect(await client.next('snapshot')).toMatchObject({ offset: 0, events: [] });
});

test('a command is run by the backend, and what it answers is accepted with its events, or refused, or for now', async () => {
  const asked: BackendCommand[] = [];
  const answers: BackendAnswer[] = [
    { status: 'later', message: 'not yet', retryAfterMs: 10 },
    {
      status: 'accepted',
      result: { resumed: true },
      events: [{ topic: 'run:1', event: { type: 'gate', id: 'g' }, key: 'gate:g' }],
    },
    { status: 'refused', code: 'too_late', message: 'it is closed' },
  ];
  const { join, errors } = await running(
    {},
    {
      backend: {
        async run(command, take) {
          asked.push(command);
          const answer = answers.shift();
          if (!answer) throw new Error('the backend is broken');
          if (answer.status === 'accepted') take(answer);
          return answer;
        },
      },
    },
  );
  const client = await join();
  client.send({ type: 'subscribe', topic: 'run:1', ref: 1 });
  await client.next('snapshot');
  const fields = { topic: 'run:1', app_version: 1 };
  const id = client.command({ type: 'decide', gate: 'g' }, fields);
  expect(await client.next('command_nack')).toMatchObject({ id, retry: true, retry_after_ms: 10 });
  client.command({ type: 'decide', gate: 'g' }, { ...fields, id, attempt: 2 });
  expect(await client.next('command_ack')).toMatchObject({ id, result: { resumed: true } });
  expect(await client.next('event')).toMatchObject({ key: 'gate:g' });
  const late = client.command({ type: 'decide', gate: 'g' }, fields);
  expect(await client.next('command_nack')).toMatchObject({ id: late, code: 'too_late', retry: false });
  const broken = client.command({ type: 'decide', gate: 'g' }, fields);
  expect(await client.next('command_nack')).toMatchObject({ id: broken, code: 'unavailable', retry: true });
  expect(errors).toEqual([expect.stringContaining('the backend is broken')]);
  expect(asked.map(({ attempt }) => attempt)).toEqual([1, 2, 1, 1]);
  expect(asked[1]).toMatchObject({
    id,
    type: 'decide',
    payload: { gate: 'g' },
    topic: 'run:1',
    principal: 'anonymous',
  });
});
