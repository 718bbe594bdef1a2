import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { deferred } from '../../../src/server/core/deferred.ts';
import { refusals } from '../../../src/server/core/refusals.ts';
import { HandWorld } from './support/hand.ts';
import { ask } from './support/upgrade.ts';
import type { World } from './support/wire.ts';
import { world } from './support/worlds.ts';

const PAGE = 'https://app.example';
const OTHER = 'https://other.example';

/** Says this as its first words, and waits for the end. */
async function say(running: World, origin: string, ...frames: Record<string, unknown>[]): Promise<void> {
  const client = await running.connect({ origin });
  client.send(...frames);
  await client.closed;
}
const hello = (fields: Record<string, unknown> = {}) => ({
  type: 'hello',
  client_id: '00000000-0000-4000-8000-000000000001',
  app: 'ops',
  app_version: 3,
  term: 1,
  ...fields,
});

const allowed = { allowedOrigins: [PAGE, OTHER] };
const withTokens = { ...allowed, authenticate: (token = '') => (token === 'of ann' ? 'ann' : null) };

test.for<[string, Parameters<typeof world>[0], (running: World, origin: string) => Promise<unknown>, string]>(
  [
    ['of another origin', {}, (running, origin) => ask(running, { path: '/ws', origin }), 'allowedOrigins'],
    ['at another path', allowed, (running, origin) => ask(running, { path: '/w', origin }), 'listen.path'],
    [
      'whose upgrade a proxy has left out',
      allowed,
      (running, origin) => ask(running, { path: '/ws', origin, connection: 'close' }),
      'something in between changes its headers (`Upgrade`',
    ],
    [
      'that is no WebSocket handshake',
      allowed,
      (running, origin) => ask(running, { path: '/ws', origin, 'sec-websocket-version': '7' }),
      'no WebSocket client has asked',
    ],
    [
      'of another subprotocol',
      allowed,
      (running, origin) => ask(running, { path: '/ws', origin, 'sec-websocket-protocol': 'graphql-ws' }),
      '`Sec-WebSocket-Protocol`',
    ],
    [
      'without a hello',
      allowed,
      (running, origin) => say(running, origin, { type: 'ping', id: 1 }),
      'connect by the hub of this package',
    ],
    [
      'of another application',
      allowed,
      (running, origin) => say(running, origin, hello({ app: 'shop' })),
      '`defineProtocol`',
    ],
    [
      'of a version that is not served',
      { ...allowed, acceptsVersions: (version) => version > 3 },
      (running, origin) => say(running, origin, hello()),
      '`acceptsVersions`',
    ],
    [
      'without a token',
      withTokens,
      (running, origin) => say(running, origin, hello()),
      '`authenticate` takes nobody without a token',
    ],
    [
      'of a token that is not accepted',
      withTokens,
      (running, origin) => say(running, origin, hello({ token: 'of bob' })),
      'what `authenticate` expects',
    ],
    [
      'that says too much before its welcome',
      { ...allowed, limits: { handshakeBytes: 500 } },
      (running, origin) => say(running, origin, hello({ token: 'x'.repeat(1_000) })),
      '`limits.handshakeBytes`',
    ],
  ],
)(
  'a handshake %s is told once for each origin, with what to change',
  async ([, options, refused, advice]) => {
    const running = await world(options, '/ws');
    for (const origin of [PAGE, PAGE, OTHER, PAGE]) await refused(running, origin);
    expect(running.errors).toEqual([
      expect.stringMatching(
        `^a handshake: Error: pages of ${PAGE} are refused, and told ".+": .+ \\(told once\\)$`,
      ),
      expect.stringContaining(`pages of ${OTHER} are refused`),
    ]);
    for (const error of running.errors) expect(error).toContain(advice);
  },
);

test('of each reason so many origins are told at most, and none of them takes the place of another reason', () => {
  const told: string[] = [];
  const tell = refusals((error) => told.push(String(error)));
  for (let n = 0; n < 50; n++) tell(`https://${n}.example`, { reason: 'origin', message: 'no' });
  expect(told).toHaveLength(20);
  tell(PAGE, { reason: 'token', message: 'no' });
  tell(undefined, { reason: 'token', message: 'no' });
  expect(told.slice(20)).toEqual([
    expect.stringContaining(`pages of ${PAGE} are refused`),
    expect.stringContaining('requests without an origin are refused'),
  ]);
});

test('what a client has a part in is told shortened', () => {
  const told: string[] = [];
  const tell = refusals((error) => told.push(String(error)));
  tell(`https://${'x'.repeat(10_000)}`, { reason: 'path', message: `nothing at /${'y'.repeat(10_000)}` });
  expect(told[0]?.length).toBeLessThan(1_000);
});

test('of too many sockets without a hello, and of those that are late with it, it is told which limit that is', async () => {
  const crowded = new HandWorld({ limits: { handshakes: 1 } });
  crowded.connect();
  crowded.connect();
  expect(crowded.refusals).toMatchObject([{ reason: 'crowd' }]);
  await crowded.clock.advance(10_000);
  expect(crowded.refusals).toMatchObject([{ reason: 'crowd' }, { reason: 'late_hello' }]);
});

test('a check of a token that takes too long is told as that', async () => {
  const hand = new HandWorld();
  hand.connect(deferred<string>().promise).hello();
  await hand.clock.advance(10_000);
  expect(hand.refusals).toMatchObject([{ reason: 'late_check' }]);
});

test('connections beyond the limits of a person and of an address are told, and a client id of another person', async () => {
  const hand = new HandWorld({
    countsConnections: true,
    limits: { connectionsPerPrincipal: 1, connectionsPerAddress: 1 },
  });
  const come = async (principal: string, address: string, clientId: string) => {
    hand.connect(principal, address).hello({ client_id: clientId });
    await setImmediate();
  };
  const [first, second] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
  await come('ann', 'here', first);
  await come('ann', 'there', second);
  await come('bob', 'here', second);
  await come('bob', 'there', first);
  expect(hand.refusals.map(({ reason }) => reason)).toEqual([
    'connections_of_principal',
    'connections_from_address',
    'foreign_client',
  ]);
});

test('nothing is told of a handshake that ends as it should, nor of a connection that is welcomed', async () => {
  const hand = new HandWorld();
  const peer = await hand.join({ term: 2 });
  await hand.join({ term: 3 });
  hand.connect().hello({ term: 1 });
  await hand.clock.advance(0);
  expect(peer.expect('goodbye')).toMatchObject({ code: 'superseded' });
  const open = await hand.join({ client_id: '00000000-0000-4000-8000-000000000002' });
  open.hear('{');
  expect(open.expect('goodbye')).toMatchObject({ code: 'bad_frame' });
  hand.connect().lose();
  hand.connect();
  void hand.broker.close(0);
  await hand.clock.advance(0);
  expect(hand.refusals).toEqual([]);
});
