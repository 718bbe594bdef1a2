import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { Backend, type BackendOptions } from '../../../src/gateway/backend/backend.ts';
import type { Accepted, BackendCommand } from '../../../src/gateway/backend/contract.ts';
import type { Incident } from '../../../src/gateway/backend/incidents.ts';
import { readSecret } from '../../../src/gateway/backend/signature.ts';
import { webhookBackend } from '../../../src/gateway/backend/webhook.ts';
import { type Answering, answerJson, answerText, HttpBackend } from './support/http-backend.ts';

const SECRET = `whsec_${randomBytes(24).toString('base64')}`;
const command: BackendCommand = {
  id: '7a1c',
  type: 'decide',
  payload: { gate: 'g' },
  topic: 'run:1',
  principal: 'ada',
  client: 'browser-1',
  attempt: 1,
  createdAt: 77,
  traceparent: null,
};

async function scene(
  answering: Answering,
  options: Partial<BackendOptions> = {},
  take: (answer: Accepted) => void = () => {},
) {
  const http = await HttpBackend.listen(answering);
  const incidents: Incident[] = [];
  const backend = new Backend({
    url: http.url,
    keys: [readSecret(SECRET)],
    timeoutMs: 5_000,
    maxAnswerBytes: 10_000,
    concurrency: 100,
    tell: (incident) => incidents.push(incident),
    ...options,
  });
  const webhook = webhookBackend(backend);
  return {
    http,
    incidents,
    run: (other: Partial<BackendCommand> = {}, signal = new AbortController().signal) =>
      webhook.run({ ...command, ...other }, take, signal),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

/** Put off, and told once, with these words. */
async function expectPutOff(
  { run, incidents }: Pick<Awaited<ReturnType<typeof scene>>, 'run' | 'incidents'>,
  words: string | RegExp,
) {
  for (let times = 1; times <= 3; times += 1) expect(await run()).toMatchObject({ status: 'later' });
  expect(incidents).toEqual([
    { state: 'begun', about: 'command "decide"', message: expect.stringMatching(words) },
  ]);
}

test('a command is one POST that says who sent what where, and which attempt it is', async () => {
  await using it = await scene(answerJson(200, {}));
  await it.run({ attempt: 3 });
  const [asked] = it.http.asked;
  expect(JSON.parse(asked?.body ?? '')).toEqual({
    kind: 'command',
    idempotency_key: asked?.headers['idempotency-key'],
    id: '7a1c',
    attempt: 3,
    principal: 'ada',
    client: 'browser-1',
    topic: 'run:1',
    created_at: 77,
    command: { type: 'decide', gate: 'g' },
  });
  expect(asked?.headers['content-type']).toBe('application/json');
});

test('the trace that a command is of is passed on in the header that HTTP has for it', async () => {
  await using it = await scene(answerJson(200, {}));
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await it.run({ traceparent });
  await it.run();
  expect(it.http.asked.map(({ headers }) => headers['traceparent'])).toEqual([traceparent, undefined]);
});

test('it is signed as Standard Webhooks have it, by each of the secrets, and anew at each repeat', async () => {
  const next = `whsec_${randomBytes(32).toString('base64')}`;
  await using it = await scene(answerJson(200, {}), { keys: [readSecret(SECRET), readSecret(next)] });
  await it.run();
  await it.run({ attempt: 2 });
  const signatures = it.http.asked.map(({ headers, body }) => {
    const id = String(headers['webhook-id']);
    const timestamp = String(headers['webhook-timestamp']);
    expect(Math.abs(Number(timestamp) * 1_000 - Date.now())).toBeLessThan(10_000);
    const expected = [SECRET, next].map((secret) => {
      const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    });
    expect(headers['webhook-signature']).toBe(expected.join(' '));
    expect(id).toBe(headers['idempotency-key']);
    return headers['webhook-signature'];
  });
  // Another body, so another signature under the same id.
  expect(new Set(signatures).size).toBe(2);
  expect(new Set(it.http.asked.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
});

test('the key is the same at each repeat, and another one for another person who sends the same id', async () => {
  await using it = await scene(answerJson(200, {}));
  await it.run();
  await it.run({ attempt: 2, client: 'browser-2' });
  await it.run({ principal: 'grace' });
  await it.run({ id: 'other' });
  const keys = it.http.asked.map(({ headers }) => headers['idempotency-key']);
  expect(keys[1]).toBe(keys[0]);
  expect(new Set(keys).size).toBe(3);
});

test.for([
  ['none', ''],
  ['without its prefix', SECRET.slice('whsec_'.length)],
  ['not base64', 'whsec_äöü-not-base64-at-all-but-long-enough'],
  ['too short', `whsec_${randomBytes(23).toString('base64')}`],
] as const)('a secret that is %s is refused, by words that do not hold it', ([, secret]) => {
  const read = () => readSecret(secret);
  expect(read).toThrow(TypeError);
  expect(read).toThrow(/^(?!.*(äöü)).*whsec_/);
});

test('a JSON 2xx ends it, with its result and what it publishes', async () => {
  const publish = [
    { topic: 'run:1', event: { type: 'gate', state: 'approved' }, key: 'gate:g', critical: true },
  ];
  await using it = await scene(answerJson(201, { result: { resumed: true }, publish }));
  expect(await it.run()).toEqual({ status: 'accepted', result: { resumed: true }, events: publish });
  it.http.answering = answerJson(200, {});
  expect(await it.run()).toEqual({ status: 'accepted', result: undefined, events: [] });
  expect(it.incidents).toEqual([]);
});

test('what it publishes or answers that cannot be taken is for now, and told once', async () => {
  await using it = await scene(
    answerJson(200, { publish: [{ topic: '', event: { type: 'gate' } }] }),
    {},
    () => {
      throw new TypeError("publish: a topic's name has 1 to 255 characters, not 0");
    },
  );
  await expectPutOff(it, "cannot be taken: publish: a topic's name");
});

test.for([400, 403, 404, 409, 422])('a JSON %i with a code is a refusal', async (status) => {
  await using it = await scene(answerJson(status, { code: 'gate_closed', message: 'It is decided.' }));
  expect(await it.run()).toEqual({ status: 'refused', code: 'gate_closed', message: 'It is decided.' });
  it.http.answering = answerJson(status, { code: 'gate_closed' });
  expect(await it.run()).toEqual({ status: 'refused', code: 'gate_closed', message: 'gate_closed' });
  expect(it.incidents).toEqual([]);
});

const HTML = '<!doctype html><title>Welcome</title>';
test.for<[string, Answering, RegExp]>([
  ['HTML with 200', answerText(200, 'text/html', HTML), /answered 200 as "text\/html"/],
  ['HTML that says it is JSON', answerText(200, 'application/json', HTML), /something else than JSON/],
  ['nothing, with 204', (_, response) => response.writeHead(204).end(), /204 without a content-type/],
  ['JSON of another kind', answerJson(200, { status: 'ok' }), /200 with JSON that is not an answer/],
  ['a list', answerJson(200, []), /200 with a list/],
  [
    'an event without a type',
    answerJson(200, { publish: [{ topic: 't', event: {} }] }),
    /publish\.0\.event: .*an object with a string `type`/,
  ],
  [
    'an event that is to be kept on devices',
    answerJson(200, { publish: [{ topic: 't', event: { type: 'gate' }, persist: true }] }),
    /publish\.0\.persist: `persist` is said by the definition/,
  ],
  ['the answer to another command', answerJson(200, { idempotency_key: 'k2' }), /answered the command k2/],
  ['the refusal of another command', answerJson(409, { idempotency_key: 'k2', code: 'c' }), /command k2/],
  ['more than it may', answerJson(200, { result: 'x'.repeat(20_000) }), /more than 10000 bytes/],
  ['401 with a code', answerJson(401, { code: 'invalid_token' }), /answered 401: look whether .* secret/],
  ['404 without a code', answerJson(404, { message: 'Not Found' }), /404 with JSON that is not a refusal/],
  ['404 as HTML', answerText(404, 'text/html', HTML), /answered 404 as/],
  ['a code that is a number', answerJson(403, { code: 1020 }), /at code/],
  ['408', answerJson(408, { code: 'timeout' }), /answered 408/],
  ['500 with a code', answerJson(500, { code: 'oops' }), /answered 500/],
  ['502', answerText(502, 'text/html', HTML), /answered 502/],
  ['300', answerJson(300, {}), /redirect/],
])('%s is for now, and told once', async ([, answering, words]) => {
  await using it = await scene(answering);
  await expectPutOff(it, words);
});

test('a redirect is not followed: who is at its end is asked nothing', async () => {
  await using elsewhere = await HttpBackend.listen(answerJson(200, {}));
  for (const status of [301, 302, 303, 307, 308]) {
    await using it = await scene((_, response) =>
      response.writeHead(status, { location: `${elsewhere.url}?token=secret` }).end(),
    );
    await expectPutOff(it, `a redirect to ${elsewhere.url}, which`);
    expect(it.http.asked).toHaveLength(3);
  }
  expect(elsewhere.asked).toEqual([]);
});

test('an answer that comes too slowly is for now, at its beginning and in its middle', async () => {
  await using silent = await scene(() => {}, { timeoutMs: 50 });
  await expectPutOff(silent, 'did not answer within 50 ms');
  await using slow = await scene(
    (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    { timeoutMs: 50 },
  );
  await expectPutOff(slow, 'did not answer within 50 ms');
});

test('an answer without an end is left, and its connection with it', async () => {
  const closed: Promise<unknown>[] = [];
  await using it = await scene(({ socket }, response) => {
    closed.push(once(socket, 'close'));
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = () => response.write(' '.repeat(4_096), () => setImmediate(more));
    more();
  });
  expect(await it.run()).toMatchObject({ status: 'later' });
  await Promise.all(closed);
  expect(it.incidents).toMatchObject([{ message: expect.stringMatching(/more than 10000 bytes/) }]);
});

test('a backend that is gone, or dies while it answers, is for now', async () => {
  await using it = await scene(({ socket }) => socket.destroy());
  await expectPutOff(it, 'cannot be reached');
  await it.http[Symbol.asyncDispose]();
  expect(await it.run()).toMatchObject({ status: 'later' });
  expect(it.incidents).toHaveLength(1);
});

test('`Retry-After` is kept to, in seconds and as a date', async () => {
  await using it = await scene(answerJson(429, {}, { 'retry-after': '7' }));
  expect(await it.run()).toMatchObject({ status: 'later', retryAfterMs: 7_000 });
  const date = new Date(Date.now() + 20_000).toUTCString();
  it.http.answering = answerJson(429, {}, { 'retry-after': date });
  const { retryAfterMs } = (await it.run()) as { retryAfterMs: number };
  expect(retryAfterMs).toBeGreaterThan(15_000);
  expect(retryAfterMs).toBeLessThanOrEqual(20_000);
});

test.for(['0', '-5', 'soon', new Date(0).toUTCString()])(
  'a `Retry-After` of %s asks for no wait, so that the own backoff of each client counts',
  async (header) => {
    await using it = await scene(answerJson(503, {}, { 'retry-after': header }));
    for (let times = 1; times <= 3; times += 1)
      expect(await it.run()).toMatchObject({ status: 'later', retryAfterMs: null });
    expect(it.http.asked).toHaveLength(3);
  },
);

test('after a 503 with `Retry-After` the backend is left alone until then, by every command', async () => {
  await using it = await scene(answerJson(503, {}, { 'retry-after': '7' }));
  expect(await it.run()).toMatchObject({ status: 'later', retryAfterMs: 7_000 });
  const other = await it.run({ topic: 'other', type: 'other' });
  expect(other).toMatchObject({ status: 'later' });
  expect((other as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(5_000);
  expect(it.http.asked).toHaveLength(1);
  expect(it.incidents).toHaveLength(1);
});

test('a backend that cannot be reached is asked by one alone now and then, and by all as soon as it answers', async () => {
  await using it = await scene(({ socket }) => socket.destroy());
  for (let times = 1; times <= 20; times += 1) expect(await it.run()).toMatchObject({ status: 'later' });
  expect(it.http.asked).toHaveLength(5);
  it.http.answering = answerJson(200, {});
  await expect.poll(async () => (await it.run()).status).toBe('accepted');
  expect(it.http.asked).toHaveLength(6);
  expect((await it.run()).status).toBe('accepted');
});

test('whoever goes away while it is asked whether it is there again leaves the next one to see', async () => {
  await using it = await scene(answerJson(503, {}, { 'retry-after': '1' }));
  await it.run();
  let open: () => void = () => {};
  it.http.answering = () => open();
  for (let times = 1; times <= 4; times += 1) {
    const asked = new Promise<void>((resolve) => {
      open = resolve;
    });
    const leaving = new AbortController();
    void asked.then(() => leaving.abort());
    await expect
      .poll(async () => {
        await it.run({}, leaving.signal);
        return leaving.signal.aborted;
      })
      .toBe(true);
  }
  it.http.answering = answerJson(200, {});
  expect(await it.run()).toMatchObject({ status: 'accepted' });
});

test('a slow command holds up no other one', async () => {
  const held: (() => void)[] = [];
  await using it = await scene(({ body }, response) => {
    const answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    if (body.includes('slow')) held.push(answer);
    else answer();
  });
  const slow = it.run({ topic: 'slow' });
  await expect.poll(() => held.length).toBe(1);
  expect((await it.run({ topic: 'quick' })).status).toBe('accepted');
  for (const answer of held) answer();
  expect((await slow).status).toBe('accepted');
});

test('a command that fails each time does not keep the others from the backend', async () => {
  await using it = await scene(({ body }, response) =>
    (body.includes('broken') ? answerJson(500, {}) : answerJson(200, {}))({} as never, response),
  );
  for (let times = 1; times <= 20; times += 1) await it.run({ type: 'broken' });
  expect((await it.run()).status).toBe('accepted');
  expect(it.incidents).toMatchObject([{ state: 'begun', about: 'command "broken"' }]);
});

test('more open questions than may be are for now', async () => {
  const held: (() => void)[] = [];
  await using it = await scene((_, response) => held.push(() => answerJson(200, {})({} as never, response)), {
    concurrency: 2,
  });
  const open = [it.run(), it.run({ id: 'b' })];
  await expect.poll(() => held.length).toBe(2);
  expect(await it.run({ id: 'c' })).toMatchObject({ status: 'later' });
  expect(it.incidents).toMatchObject([{ message: expect.stringMatching(/^2 questions are open/) }]);
  for (const answer of held) answer();
  for (const one of open) expect((await one).status).toBe('accepted');
});

test('connections are used again', async () => {
  await using it = await scene(answerJson(200, {}));
  for (let times = 1; times <= 20; times += 1) await it.run();
  // One may not be free yet when the next command comes.
  expect(new Set(it.http.asked.map(({ socket }) => socket)).size).toBeLessThanOrEqual(2);
});

test('where the gateway goes down it answers at once, and tells nothing', async () => {
  await using it = await scene(() => {});
  const ending = new AbortController();
  const running = it.run({}, ending.signal);
  await expect.poll(() => it.http.asked.length).toBe(1);
  ending.abort();
  expect(await running).toMatchObject({ status: 'later' });
  expect(it.incidents).toEqual([]);
});

test('what a person is told of a wait names no address', async () => {
  await using it = await scene(answerJson(500, {}));
  const answer = await it.run();
  expect(answer).toMatchObject({
    status: 'later',
    message: expect.stringMatching(/has failed; this is sent again/),
  });
  expect(JSON.stringify(answer)).not.toContain('127.0.0.1');
});
