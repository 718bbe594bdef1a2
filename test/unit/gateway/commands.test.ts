import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { expect, onTestFinished, test } from 'vitest';
import { backendOf, backendSchema } from '../../../src/gateway/backend/config.ts';
import type { Incident } from '../../../src/gateway/backend/incidents.ts';
import { webhookBackend } from '../../../src/gateway/backend/webhook.ts';
import type { Parts } from '../../../src/gateway/serve.ts';
import { replicatedLog } from '../../../src/server/index.ts';
import { MemoryEngine, MemoryLogService } from '../../support/memory-engine.ts';
import { type Answering, answerJson, answerText, HttpBackend } from './support/http-backend.ts';
import { type ConfigInput, running } from './support/running.ts';

const env = { SECRET: `whsec_${randomBytes(24).toString('base64')}` };

/** A gateway in front of a backend, and one person's browser, which has subscribed to `run:1`. */
async function scene(
  answering: Answering,
  settings: Partial<ConfigInput> = {},
  parts: Partial<Pick<Parts, 'log'>> = {},
) {
  const http = await HttpBackend.listen(answering);
  onTestFinished(() => http[Symbol.asyncDispose]());
  const incidents: Incident[] = [];
  const config = v.parse(backendSchema, { url: http.url, secret: { variable: 'SECRET' }, timeoutMs: 5_000 });
  const backend = webhookBackend(backendOf(['backend'], config, env, (incident) => incidents.push(incident)));
  const { join, errors } = await running(settings, { backend, ...parts });
  const client = await join();
  client.send({ type: 'subscribe', topic: 'run:1', ref: 1 });
  await client.next('snapshot');
  const decide = (id?: string, attempt = 1, more: object = {}) =>
    client.command(
      { type: 'decide', gate: 'g' },
      { topic: 'run:1', app_version: 1, attempt, ...(id === undefined ? {} : { id }), ...more },
    );
  return { http, incidents, errors, client, decide };
}

const approved = {
  result: { by: 'ada' },
  publish: [{ topic: 'run:1', event: { type: 'gate' }, key: 'gate:g' }],
};

test('where the backend has run a command and its answer is lost, the repeat has the same key, and is accepted once', async () => {
  const run = new Set<unknown>();
  const { http, client, decide, errors } = await scene(({ headers, socket }) => {
    run.add(headers['idempotency-key']);
    socket.destroy();
  });
  const id = decide();
  const nack = await client.next('command_nack');
  expect(nack).toMatchObject({ id, code: 'unavailable', retry: true });
  // The client's own backoff counts.
  expect(nack).not.toHaveProperty('retry_after_ms');
  http.answering = ({ headers }, response) => {
    run.add(headers['idempotency-key']);
    answerJson(200, approved)({} as never, response);
  };
  decide(id, 2);
  expect(await client.next('command_ack')).toMatchObject({ id, result: { by: 'ada' } });
  expect(await client.next('event')).toMatchObject({ offset: 1, key: 'gate:g' });
  expect(run.size).toBe(1);
  decide(id, 3);
  expect(await client.next('command_ack')).toMatchObject({ id, duplicate: true, result: { by: 'ada' } });
  expect(http.asked).toHaveLength(2);
  expect(http.asked.map(({ body }) => JSON.parse(body).attempt)).toEqual([1, 2]);
  expect(errors).toEqual([]);
});

test.for<[string, Answering]>([
  ['to a topic without a name', answerJson(200, { publish: [{ topic: '', event: { type: 'gate' } }] })],
  [
    'behind one that could be',
    answerJson(200, { publish: [...approved.publish, { topic: '', event: { type: 'x' } }] }),
  ],
])('an event %s ends nothing, and nothing of its answer is published', async ([, answering]) => {
  const { http, client, decide, incidents, errors } = await scene(answering);
  const id = decide();
  expect(await client.next('command_nack')).toMatchObject({ id, retry: true });
  decide(id, 2);
  await client.next('command_nack');
  http.answering = answerJson(200, approved);
  decide(id, 3);
  await client.next('command_ack');
  expect(await client.next('event')).toMatchObject({ offset: 1 });
  expect(incidents).toMatchObject([{ state: 'begun', message: expect.stringContaining('cannot be taken') }]);
  expect(errors).toEqual([]);
});

test('an event is published with all that it holds, and a zero with a sign as zero', async () => {
  const event = '{"type":"lap","constructor":"McLaren","prototype":1,"gain":-0.0,"loss":-0.5}';
  const { client, decide, incidents } = await scene(
    answerText(200, 'application/json', `{"publish":[{"topic":"run:1","event":${event}}]}`),
  );
  const id = decide();
  expect(await client.next('command_ack')).toMatchObject({ id });
  expect((await client.next('event')).event).toEqual({
    type: 'lap',
    constructor: 'McLaren',
    prototype: 1,
    gain: 0,
    loss: -0.5,
  });
  expect(incidents).toEqual([]);
});

test('a result that is larger as the log has it than as it came ends nothing', async () => {
  const numbers = Array.from({ length: 100_000 }, () => '1e20').join();
  const { client, decide, incidents } = await scene(
    answerText(200, 'application/json', `{"result":[${numbers}]}`),
  );
  const id = decide();
  expect(await client.next('command_nack')).toMatchObject({ id, retry: true });
  expect(incidents).toMatchObject([{ message: expect.stringMatching(/more than limits.maxEventBytes/) }]);
});

test('an answer that is larger than the log takes at once ends nothing, and is told', async () => {
  const log = replicatedLog({ engine: new MemoryEngine(new MemoryLogService(Date.now), 50_000) });
  const event = { topic: 'run:1', event: { type: 'line', text: 'x'.repeat(20_000) } };
  const { http, client, decide, errors } = await scene(
    answerJson(200, { publish: [event, event, event] }),
    { limits: { maxEventBytes: 40_000 } },
    { log },
  );
  const id = decide();
  const nack = await client.next('command_nack');
  expect(nack).toMatchObject({ id, code: 'unavailable', retry: true });
  expect(nack).not.toHaveProperty('retry_after_ms');
  expect(errors).toEqual([expect.stringMatching(/bytes, and the server's log takes/)]);
  http.answering = answerJson(200, approved);
  decide(id, 2);
  expect(await client.next('command_ack')).toMatchObject({ id });
});

test('of a command whose end came while nobody knew the answer it is not said that it was not begun', async () => {
  const { client, decide } = await scene(({ socket }) => socket.destroy());
  const expires_at = Date.now() + 1_000;
  const id = decide(undefined, 1, { expires_at });
  expect(await client.next('command_nack')).toMatchObject({ id, retry: true });
  await expect.poll(() => Date.now()).toBeGreaterThan(expires_at + 50);
  decide(id, 2, { expires_at });
  const nack = await client.next('command_nack');
  expect(nack).toMatchObject({
    id,
    code: 'expired',
    retry: false,
    message: expect.stringMatching(/was begun/),
  });
  expect(nack).not.toHaveProperty('ran');
});

test('a deploy ends nothing: HTML, then nobody, then the new backend', async () => {
  const { http, client, decide } = await scene(answerText(502, 'text/html', '<h1>Bad Gateway</h1>'));
  const id = decide();
  expect(await client.next('command_nack')).toMatchObject({ id, retry: true });
  const { port } = http;
  await http[Symbol.asyncDispose]();
  decide(id, 2);
  expect(await client.next('command_nack')).toMatchObject({ id, retry: true });
  await using anew = await HttpBackend.listen(answerJson(200, approved), port);
  decide(id, 3);
  expect(await client.next('command_ack')).toMatchObject({ id });
  expect(anew.asked).toHaveLength(1);
});

test('a refusal ends the command, with the words of the backend', async () => {
  const { client, decide } = await scene(answerJson(409, { code: 'gate_closed', message: 'It is decided.' }));
  const id = decide();
  const refusal = { id, code: 'gate_closed', message: 'It is decided.', retry: false };
  expect(await client.next('command_nack')).toMatchObject(refusal);
});
