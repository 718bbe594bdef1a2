import * as v from 'valibot';
import { expect, test } from 'vitest';
import { problem } from '../../../src/gateway/control/route.ts';
import { memoryLog, replicatedLog } from '../../../src/server/index.ts';
import { MemoryEngine, MemoryLogService } from '../../support/memory-engine.ts';
import { KEY, running } from './support/running.ts';

const key = { variable: 'KEY' };
const event = { topic: 't', event: { type: 'line', text: 'x' } };

test('only who has the key is answered, but for whether the gateway lives and is ready', async () => {
  const { gateway, get } = await running();
  const ask = async (path: string, headers: HeadersInit = {}) => {
    const response = await fetch(`${gateway.controlUrl}${path}`, { headers });
    return { status: response.status, body: await response.json() };
  };
  for (const headers of [
    {},
    { authorization: 'Bearer wrong' },
    { authorization: KEY },
    { authorization: '' },
  ]) {
    expect(await ask('/stats', headers as HeadersInit)).toMatchObject({
      status: 401,
      body: { code: 'unauthorized', message: expect.stringContaining('Authorization: Bearer KEY') },
    });
  }
  expect(await get('/stats')).toMatchObject({ status: 200, body: { health: 'ready', connections: 0 } });
  expect(await ask('/healthz')).toEqual({ status: 200, body: { status: 'alive' } });
  expect(await ask('/readyz')).toEqual({ status: 200, body: { status: 'ready' } });
});

test('without a key that is set, nobody may ask', async () => {
  const { get } = await running({}, { key: null });
  expect(await get('/stats')).toMatchObject({
    status: 401,
    body: { message: expect.stringContaining('no `control.key` is set') },
  });
});

test('what cannot be a request is told by its place, and nothing of it is done', async () => {
  const { post, get, gateway } = await running({
    control: { port: 0, key: { variable: 'KEY' }, maxBodyBytes: 1_000 },
  });
  const refused = async (body: unknown) => {
    const { status, body: said } = await post('/publish', body);
    return [status, v.parse(problem, said).message];
  };
  expect(await refused({ events: [] })).toEqual([400, 'events: It must not be empty']);
  expect(await refused({ events: [event, { ...event, topic: '' }] })).toEqual([
    400,
    expect.stringContaining('events.1.topic: '),
  ]);
  expect(await refused({ events: [{ ...event, event: 'line' }] })).toEqual([
    400,
    expect.stringContaining('events.0.event: '),
  ]);
  expect(await refused({ events: [{ ...event, kee: 'k' }] })).toEqual([400, expect.stringContaining('kee')]);
  expect(
    await refused({ events: [{ topic: 't', event: { type: 'line', text: 'x'.repeat(1_000) } }] }),
  ).toEqual([413, 'the body is larger than control.maxBodyBytes (1000)']);
  const chunked = await fetch(`${gateway.controlUrl}/publish`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
    body: new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(400));
      },
    }),
    duplex: 'half',
  } as RequestInit);
  expect(chunked.status).toBe(413);
  const noJson = await fetch(`${gateway.controlUrl}/publish`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
    body: '{"events": [',
  });
  expect([noJson.status, await noJson.json()]).toEqual([
    400,
    { code: 'invalid', message: expect.stringContaining('the body is no JSON') },
  ]);
  expect(await get('/nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await get('/publish')).toMatchObject({ status: 405, body: { message: '/publish takes POST' } });
  expect(await get('/stats')).toMatchObject({ body: { eventsPublished: 0 } });
});

test('what a device is to keep cannot be published, and the answer says who decides it', async () => {
  const { post, get } = await running();
  expect(await post('/publish', { events: [{ ...event, persist: true }] })).toEqual({
    status: 400,
    body: { code: 'invalid', message: expect.stringMatching(/^events\.0\.persist: .*`defineProtocol`/) },
  });
  expect(await post('/publish', { events: [{ ...event, prsist: true }] })).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('events.0.prsist: Invalid key') },
  });
  expect(await get('/stats')).toMatchObject({ body: { eventsPublished: 0 } });
});

test('a person is disconnected, and what they may read is judged anew', async () => {
  const { join, post, errors } = await running();
  const client = await join();
  client.send({ type: 'subscribe', topic: 't', ref: 1 });
  await client.next('snapshot');
  expect(await post('/recheck', { principal: 'anonymous' })).toEqual({
    status: 200,
    body: { status: 'done' },
  });
  await client.settle();
  expect(await post('/disconnect', { principal: 'anonymous' })).toEqual({
    status: 200,
    body: { status: 'done' },
  });
  expect(await client.next('goodbye')).toMatchObject({ code: 'unauthorized' });
  expect(errors).toEqual([]);
});

test.each(['/disconnect', '/recheck'])(
  '%s is not answered as done where the log does not have it',
  async (path) => {
    const log = memoryLog();
    const fails = async () => {
      throw new Error('the log is away');
    };
    const { post } = await running({}, { log: Object.assign(log, { disconnect: fails, recheck: fails }) });
    expect(await post(path, { principal: 'anonymous' })).toMatchObject({
      status: 503,
      body: { code: 'unavailable' },
    });
  },
);

test('a topic ends: who listens is given the empty state, and what comes later begins anew', async () => {
  const { join, post } = await running();
  await post('/publish', { events: [event] });
  const client = await join();
  client.send({ type: 'subscribe', topic: 't', ref: 1 });
  expect(await client.next('snapshot')).toMatchObject({ offset: 1 });
  expect(await post('/end-topic', { topic: 't' })).toEqual({ status: 200, body: { status: 'done' } });
  expect(await client.next('snapshot')).toMatchObject({ offset: 0, events: [] });
  expect(await post('/publish', { events: [event] })).toMatchObject({ body: { events: [{ offset: 1 }] } });
});

test('a publish that comes again under its Idempotency-Key is answered as it was, and done once', async () => {
  const { post, get } = await running();
  const again = async (body: unknown) => await post('/publish', body, { 'idempotency-key': 'k' });
  const first = await again({ events: [event, { ...event, topic: 'u' }] });
  expect(first).toMatchObject({ status: 200, body: { events: [{ topic: 't', offset: 1 }, { topic: 'u' }] } });
  // In flight at once as well.
  const all = await Promise.all([1, 2, 3].map(() => again({ events: [event, { ...event, topic: 'u' }] })));
  for (const one of all) expect(one).toEqual(first);
  expect(await again({ events: [event] })).toMatchObject({ status: 409, body: { code: 'key_reused' } });
  expect(await post('/publish', { events: [event] }, { 'idempotency-key': '' })).toMatchObject({
    status: 400,
  });
  expect(await get('/stats')).toMatchObject({ body: { eventsPublished: 2 } });
});

test('while the log is away so much waits for it at most, and what is refused then is said not to be done', async () => {
  const engine = new MemoryEngine(new MemoryLogService(Date.now));
  const log = replicatedLog({ engine });
  const limits = { maxEventBytes: 900_000 };
  const { post, get } = await running({ control: { port: 0, key, maxBodyBytes: 50_000 }, limits }, { log });
  engine.stall(true);
  const large = { events: [{ topic: 't', event: { type: 'line', text: 'x'.repeat(39_900) } }] };
  const answers: unknown[] = [];
  const asked = Array.from({ length: 30 }, async () => answers.push(await post('/publish', large)));
  await expect.poll(() => answers).toHaveLength(10);
  for (const answer of answers) expect(answer).toMatchObject({ status: 503, body: { code: 'overloaded' } });
  // What ends rights is not held up by it.
  const telling = post('/disconnect', { principal: 'ada' });
  engine.stall(false);
  await Promise.all(asked);
  for (const answer of answers.slice(10)) expect(answer).toMatchObject({ status: 200 });
  expect(await get('/stats')).toMatchObject({ body: { eventsPublished: 20 } });
  expect(await telling).toMatchObject({ status: 200 });
  expect(await post('/publish', large)).toMatchObject({ status: 200 });
});

test('what other languages write as a zero with a sign is published as zero', async () => {
  const { gateway, join } = await running();
  const headers = { authorization: `Bearer ${KEY}` };
  const body = '{"events":[{"topic":"t","event":{"type":"m","all":[-0.0, -0,-1.5]}}]}';
  const response = await fetch(`${gateway.controlUrl}/publish`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  const client = await join();
  client.send({ type: 'subscribe', topic: 't', ref: 1 });
  const { events } = await client.next('snapshot');
  expect(events).toMatchObject([{ event: { all: [0, 0, -1.5] } }]);
});

test('a body that is no UTF-8 is refused, and not published as something else', async () => {
  const { gateway } = await running();
  const body = Buffer.concat([
    Buffer.from('{"events":[{"topic":"t","event":{"type":"line","text":"'),
    Buffer.from([0xff]),
    Buffer.from('"}}]}'),
  ]);
  const headers = { authorization: `Bearer ${KEY}` };
  const response = await fetch(`${gateway.controlUrl}/publish`, { method: 'POST', headers, body });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'invalid', message: expect.stringContaining('utf-8') });
});

test('beyond the keys that are remembered another one is refused for now, and what has none is published', async () => {
  const { post, get } = await running({}, { log: memoryLog({ publicationNames: 1 }) });
  const named = async (key: string) =>
    await post('/publish', { events: [event] }, { 'idempotency-key': key });
  const first = await named('a');
  expect(await named('b')).toEqual({
    status: 429,
    body: { code: 'too_many_keys', message: expect.stringContaining('publish more events under each') },
  });
  expect(await named('a')).toEqual(first);
  expect(await post('/publish', { events: [event] })).toMatchObject({ status: 200 });
  expect(await get('/stats')).toMatchObject({ body: { eventsPublished: 2 } });
});

test('metrics tell what is counted, and nothing of people, topics and clients', async () => {
  const { join, post, get } = await running();
  const client = await join();
  client.send({ type: 'subscribe', topic: 'a topic', ref: 1 });
  await client.next('snapshot');
  await post('/publish', { events: [{ topic: 'a topic', event: { type: 'line' }, key: 'a key' }] });
  await client.next('event');
  const { body } = await get('/metrics');
  const text = String(body);
  expect(text).toContain('\ntrunkline_connections 1\n');
  expect(text).toContain('\ntrunkline_events_published_total 1\n');
  expect(text).toContain('\ntrunkline_health{state="ready"} 1\n');
  expect(text).toMatch(/\nprocess_resident_memory_bytes \d+\n/);
  for (const secret of ['a topic', 'a key', 'anonymous', client.clientId]) expect(text).not.toContain(secret);
  // What is counted does not count twice.
  expect(String((await get('/metrics')).body)).toContain('\ntrunkline_events_published_total 1\n');
});
