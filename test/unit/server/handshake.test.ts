import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { deferred } from '../../../src/server/core/deferred.ts';
import { createServer } from '../../../src/server/index.ts';
import { ops } from './support/protocol.ts';
import { ask } from './support/upgrade.ts';
import { world } from './support/worlds.ts';

test('by default only pages of the same host may connect', async () => {
  const running = await world({ allowedOrigins: ['self'] });
  const host = running.url.slice('ws://'.length);
  expect(await ask(running, { origin: `http://${host}` })).toMatchObject({ status: 101 });
  expect(await ask(running, { origin: 'https://evil.example' })).toEqual({
    status: 403,
    body: 'Pages of https://evil.example may not connect here (allowedOrigins).',
  });
  expect(await ask(running, { origin: 'null' })).toMatchObject({ status: 403 });
  expect(await ask(running)).toEqual({
    status: 403,
    body: 'Requests without an Origin may not connect here (allowedOrigins).',
  });
});

test('a name that was made to lead here is taken for the own host, unless the origins are named', async () => {
  const rebound = { origin: 'http://evil.example:8080', host: 'evil.example:8080' };
  expect(await ask(await world({ allowedOrigins: ['self'] }), rebound)).toMatchObject({ status: 101 });
  const named = await world({ allowedOrigins: ['https://app.example'] });
  expect(await ask(named, rebound)).toMatchObject({ status: 403 });
});

test('further origins, requests without one, or all origins are allowed where it is said', async () => {
  const some = await world({ allowedOrigins: ['https://app.example', 'none'] });
  expect(await ask(some, { origin: 'https://app.example' })).toMatchObject({ status: 101 });
  expect(await ask(some)).toMatchObject({ status: 101 });
  expect(await ask(some, { origin: some.url.replace('ws', 'http') })).toMatchObject({ status: 403 });
  const all = await world({ allowedOrigins: ['*'] });
  expect(await ask(all, { origin: 'https://any.example' })).toMatchObject({ status: 101 });
  expect(await ask(all)).toMatchObject({ status: 403 });
});

test('an origin that no browser would send is refused at creation', () => {
  const options = { commands: { decide: () => ({ resumed: true }), note: () => {} } };
  expect(() => createServer(ops, { ...options, allowedOrigins: ['https://app.example/'] })).toThrow(
    TypeError,
  );
  expect(() => createServer(ops, { ...options, allowedOrigins: ['app.example'] })).toThrow(TypeError);
});

test('a limit that is not a positive number is refused at creation', () => {
  const options = { commands: { decide: () => ({ resumed: true }), note: () => {} } };
  expect(() => createServer(ops, { ...options, limits: { handshakeMs: 0 } })).toThrow(RangeError);
  expect(() => createServer(ops, { ...options, limits: { maxFrameBytes: Number.NaN } })).toThrow(RangeError);
  expect(() => createServer(ops, { ...options, limits: { maxFrameBytes: 1_023 } })).toThrow('at least 1024');
});

test('a client that does not offer the subprotocol fails the handshake', async () => {
  const running = await world();
  const answer = await ask(running, { 'sec-websocket-protocol': 'graphql-ws, trunkline.v2' });
  expect(answer).toEqual({
    status: 400,
    body: 'This server speaks the WebSocket subprotocol trunkline.v1, which was not offered.',
  });
  expect(await ask(running, { 'sec-websocket-protocol': 'trunkline.v2, trunkline.v1' })).toMatchObject({
    status: 101,
  });
});

test('a request that is no proper handshake is refused, and each refusal is counted', async () => {
  const running = await world({ allowedOrigins: ['self', 'none'] }, '/ws');
  expect(await ask(running, { path: '/ws', method: 'POST' })).toMatchObject({ status: 405 });
  expect(await ask(running, { path: '/ws', 'sec-websocket-key': 'short' })).toMatchObject({ status: 400 });
  expect(await ask(running, { path: '/ws', 'sec-websocket-version': '7' })).toMatchObject({ status: 400 });
  expect(await ask(running, { path: '/ws', 'sec-websocket-protocol': 'other' })).toMatchObject({
    status: 400,
  });
  expect(await ask(running, { path: '/ws', origin: 'https://evil.example' })).toMatchObject({ status: 403 });
  expect(await ask(running, { path: '/elsewhere' })).toMatchObject({ status: 404 });
  expect(running.server.stats()).toMatchObject({ upgradesRefused: 6, socketsOpened: 0 });
});

test('a plain request does not hang where nobody else listens to it, and is left to who does', async () => {
  const running = await world({}, '/ws');
  const second = createServer(ops, {
    commands: { decide: () => ({ resumed: true }), note: () => {} },
    allowedOrigins: ['none'],
  });
  second.attach(running.http, { path: '/two' });
  const get = async (path: string) => {
    const response = await fetch(running.url.replace('ws', 'http') + path);
    return [response.status, await response.text()];
  };
  expect(await get('/ws')).toEqual([426, 'There is a WebSocket at /ws; it takes no plain requests.']);
  expect(await get('/two')).toEqual([426, 'There is a WebSocket at /two; it takes no plain requests.']);
  expect(await get('/three')).toEqual([404, 'There is nothing at /three.']);
  expect(running.errors).toEqual([]);
  running.http.on('request', (_, response) => response.writeHead(418).end('theirs'));
  expect(await get('/ws')).toEqual([418, 'theirs']);
  await second.close();
});

test('several servers share an http server by their paths, and a path of none of them is not found', async () => {
  const first = await world({}, '/one');
  const second = createServer(ops, {
    commands: { decide: () => ({ resumed: true }), note: () => {} },
    allowedOrigins: ['none'],
  });
  second.attach(first.http, { path: '/two' });
  expect(await ask(first, { path: '/one?x=1' })).toMatchObject({ status: 101 });
  expect(await ask(first, { path: '/two' })).toMatchObject({ status: 101 });
  expect(await ask(first, { path: '/three' })).toEqual({
    status: 404,
    body: 'There is no WebSocket at /three.',
  });
  await second.close();
});

test('a path that another listener serves is left to it', async () => {
  const running = await world({}, '/ws');
  running.http.on('upgrade', (upgraded, socket) => {
    if (upgraded.url === '/theirs') socket.end('HTTP/1.1 418 Theirs\r\nConnection: close\r\n\r\n');
  });
  expect(await ask(running, { path: '/theirs' })).toMatchObject({ status: 418 });
});

test('a server that is going down refuses new sockets', async () => {
  let finish = () => {};
  const running = await world({
    commands: {
      decide: () => ({ resumed: true }),
      note: () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    },
  });
  const client = await running.join();
  client.command({ type: 'note', text: 'slow' });
  await client.settle();
  const closing = running.server.close();
  expect(await ask(running)).toEqual({ status: 503, body: 'This server is going down; try again.' });
  finish();
  await closing;
});

test('the first frame must be a hello', async () => {
  const running = await world();
  const client = await running.connect();
  client.send({ type: 'ping', id: 1 });
  expect(await client.next('goodbye')).toEqual({
    type: 'goodbye',
    code: 'bad_frame',
    message: 'the first frame must be a `hello`, not `ping`',
    retry: true,
  });
  expect(await client.closed).toEqual({ code: 1002, reason: 'bad_frame' });
});

test.each([
  ['not JSON', '{'],
  ['not a frame', '[1]'],
  ['a frame with wrong fields', '{"type":"subscribe","topic":"t","ref":"one"}'],
  ['a second hello', null],
])('%s ends a connection with bad_frame, and the frames before it count', async (_, text) => {
  const running = await world();
  const client = await running.join();
  client.send({ type: 'ping', id: 5 });
  if (text === null) client.hello();
  else client.socket.send(text);
  expect(await client.next('pong')).toMatchObject({ id: 5 });
  expect(await client.next('goodbye')).toMatchObject({ code: 'bad_frame' });
  expect(await client.closed).toMatchObject({ code: 1002 });
});

test('a message that is not text ends a connection with bad_frame', async () => {
  const running = await world();
  const client = await running.join();
  client.socket.send(Buffer.from('{"type":"ping","id":1}'), { binary: true });
  expect(await client.next('goodbye')).toMatchObject({ code: 'bad_frame' });
});

test('a message beyond the limit ends its connection, and nothing else', async () => {
  const running = await world({ limits: { maxFrameBytes: 2_000 } });
  const other = await running.join();
  const client = await running.connect();
  client.hello();
  expect(await client.next('welcome')).toMatchObject({ max_frame_bytes: 2_000 });
  client.send({ type: 'ping', id: 1, padding: 'x'.repeat(3_000) });
  expect(await client.closed).toMatchObject({ code: 1009 });
  expect(running.server.stats()).toMatchObject({ oversizedMessages: 1, connections: 1, malformedFrames: 0 });
  await other.settle();
});

test('frames and fields of a later version are ignored, and counted', async () => {
  const running = await world();
  const client = await running.join();
  client.send({ type: 'later', topic: 1 }, { type: 'ping', id: 3, later: true });
  expect(await client.next('pong')).toEqual({ type: 'pong', id: 3, server_time: expect.any(Number) });
  expect(running.server.stats()).toMatchObject({ unknownFrames: 1, malformedFrames: 0 });
});

test('frames that come before the welcome are answered after it, in order', async () => {
  const running = await world();
  const client = await running.connect();
  client.send(
    { type: 'hello', client_id: client.clientId, app: 'ops', app_version: 3, term: 1 },
    { type: 'ping', id: 1 },
  );
  client.send({ type: 'ping', id: 2 });
  await client.take('pong', 2);
  expect(client.frames.map((frame) => (frame.type === 'pong' ? frame.id : frame.type))).toEqual([
    'welcome',
    1,
    2,
  ]);
});

test('another application, and a version that is not accepted, are unsupported', async () => {
  const running = await world({ acceptsVersions: (version) => version >= 3 });
  const other = await running.connect();
  other.hello({ app: 'shop' });
  expect(await other.next('goodbye')).toMatchObject({ code: 'unsupported', retry: false });
  expect(await other.closed).toMatchObject({ code: 4400 });
  const old = await running.connect();
  old.hello({ app_version: 2 });
  expect(await old.next('goodbye')).toMatchObject({
    code: 'unsupported',
    message: 'version 2 of ops is not accepted here',
  });
  await running.join({ app_version: 4 });
});

test('the token and the request decide who the client is', async () => {
  const running = await world({
    authenticate: (token, { headers }) =>
      token === 'good' ? 'alice' : headers.cookie === 'user=bob' ? 'bob' : null,
  });
  const alice = await running.connect();
  alice.hello({ token: 'good' });
  expect(await alice.next('welcome')).toMatchObject({ principal: 'alice' });
  const bob = await running.connect({ cookie: 'user=bob' });
  bob.hello();
  expect(await bob.next('welcome')).toMatchObject({ principal: 'bob' });
  const nobody = await running.connect();
  nobody.hello({ token: 'bad' });
  expect(await nobody.next('goodbye')).toMatchObject({ code: 'unauthorized' });
  expect(await nobody.closed).toMatchObject({ code: 4401 });
});

test.each([undefined, '', true, 0, {}])('nobody is who authenticate says is %j', async (nobody) => {
  const running = await world({ authenticate: () => nobody as unknown as null });
  const client = await running.connect();
  client.hello({ token: 'bad' });
  expect(await client.next('goodbye')).toMatchObject({ code: 'unauthorized' });
  expect(running.server.stats()).toMatchObject({ connections: 0, connectionsOpened: 0 });
});

test('where authenticate fails, the client may try again', async () => {
  const running = await world({
    authenticate: () => {
      throw new Error('the directory is down');
    },
  });
  const client = await running.connect();
  client.hello();
  expect(await client.next('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
  expect(running.errors).toEqual(['checking a hello: Error: the directory is down']);
});

test('a client id belongs to the principal that used it first', async () => {
  const running = await world({ authenticate: (token) => token ?? null });
  const alice = await running.connect();
  alice.hello({ token: 'alice' });
  await alice.next('welcome');
  const bob = await running.connect();
  bob.hello({ token: 'bob', client_id: alice.clientId });
  expect(await bob.next('goodbye')).toMatchObject({ code: 'identity_mismatch', retry: false });
  expect(await bob.closed).toMatchObject({ code: 4403 });
  await alice.settle();
  const aliceAgain = await running.connect();
  aliceAgain.hello({ token: 'alice', client_id: alice.clientId });
  await aliceAgain.next('welcome');
});

test('the connections of one principal are limited, but not the ones that replace each other', async () => {
  const running = await world({
    authenticate: (token) => token ?? null,
    limits: { connectionsPerPrincipal: 2 },
  });
  const first = await running.join({ token: 'alice' });
  await running.join({ token: 'alice' });
  const third = await running.connect();
  third.hello({ token: 'alice' });
  expect(await third.next('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
  await running.join({ token: 'bob' });
  await running.join({ token: 'alice', client_id: first.clientId });
  expect(await first.next('goodbye')).toMatchObject({ code: 'superseded' });
});

test('a heartbeat of the server is told to its clients', async () => {
  const running = await world({ limits: { heartbeatMs: 4_000 } });
  const client = await running.connect();
  client.hello();
  expect(await client.next('welcome')).toMatchObject({ heartbeat_ms: 4_000 });
});

test('the subprotocol is chosen in the handshake', async () => {
  const running = await world();
  const socket = new WebSocket(running.url, ['other', 'trunkline.v1']);
  await new Promise((resolve) => socket.once('open', resolve));
  expect(socket.protocol).toBe('trunkline.v1');
  socket.terminate();
});

test('a server without a handler for every command is refused at creation, also without types', () => {
  const handlers: Record<string, unknown> = { note: () => {} };
  const options = { commands: handlers } as unknown as Parameters<typeof createServer<typeof ops>>[1];
  expect(() => createServer(ops, options)).toThrow('no handler for "decide"');
});

test.each([
  [10, 'bad_frame'],
  [-5, 'bad_frame'],
  [1_023, 'bad_frame'],
  [1_024.5, 'bad_frame'],
  [1_024, null],
])('a client that reads messages of %d bytes at most is answered by %s', async (max_frame_bytes, code) => {
  const client = await (await world()).connect();
  client.hello({ max_frame_bytes });
  if (code === null) await client.next('welcome');
  else expect(await client.next('goodbye')).toMatchObject({ code });
});

test('at equal terms the later hello counts, not the later socket', async () => {
  const running = await world();
  const [first, second] = [await running.connect(), await running.connect()];
  const hello = { client_id: first.clientId, term: 4 };
  second.hello(hello);
  await second.next('welcome');
  first.hello(hello);
  await first.next('welcome');
  expect(await second.next('goodbye')).toMatchObject({ code: 'superseded', retry: false });
});

test('hellos whose tokens take differently long count in the order in which they came', async () => {
  const [asked, first] = [deferred<void>(), deferred<string>()];
  const running = await world({
    authenticate: (token) => {
      if (token !== 'slow') return 'ann';
      asked.resolve();
      return first.promise;
    },
  });
  const [slow, quick] = [await running.connect(), await running.connect()];
  slow.hello({ client_id: slow.clientId, token: 'slow' });
  await asked.promise;
  quick.hello({ client_id: slow.clientId, token: 'quick' });
  await quick.next('welcome');
  first.resolve('ann');
  expect(await slow.next('goodbye')).toMatchObject({ code: 'superseded', retry: false });
  await quick.settle();
});

test('authenticate that fails for a connection which is over by then ends nothing else', async () => {
  const unheard: unknown[] = [];
  const note = (error: unknown) => unheard.push(error);
  process.on('unhandledRejection', note);
  const running = await world({
    authenticate: () => {
      void running.server.close();
      return Promise.reject(new Error('the session store is away'));
    },
  });
  const peer = await running.connect();
  peer.hello({ token: 'ann' });
  await peer.closed;
  process.off('unhandledRejection', note);
  expect(unheard).toEqual([]);
});
