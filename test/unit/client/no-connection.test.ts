import { expect, test } from 'vitest';
import { checkAddress } from '../../../src/client/check-address.ts';
import { createClient } from '../../../src/index.ts';
import type { Connection } from '../../../src/protocol/model.ts';
import { protocol, scene, untilEqual } from './setup.ts';

const closed = (more: Partial<Connection & { state: 'closed' }>): Connection => ({
  state: 'closed',
  reason: 'network',
  detail: { closeCode: 1006 },
  attempt: 1,
  retryAt: 1,
  circuit: 'closed',
  ...more,
});
const warnings = ({ lines }: ReturnType<typeof scene>) =>
  lines.filter((line) => !line.includes('attached to'));

test('why there is no connection is told once for each reason: where to, what is hidden, and where to look', async () => {
  const s = scene({ url: 'wss://ann:pw@a.test:8443/live?ticket=secret' });
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ connection: closed({}) });
  await hub.deliver({ connection: { state: 'connecting', attempt: 1 } });
  await hub.deliver({ connection: closed({ attempt: 2 }) });
  const told =
    '[trunkline] no connection to wss://a.test:8443/live: network, code 1006; browsers hide what was answered; see "When it does not work" in its guide';
  expect(warnings(s)).toEqual([told]);
  await hub.deliver({
    connection: closed({ reason: 'server', detail: { message: 'unsupported: no such app' } }),
  });
  expect(warnings(s)).toEqual([told, expect.stringContaining(': server, unsupported: no such app; see')]);
});

test('of an address that a function gave the origin alone is told', async () => {
  const s = scene({ url: () => 'wss://a.test/secret?ticket=1' });
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  await hub.deliver({ tokenRequest: 1 });
  await untilEqual(() => hub.called('token').length, 1);
  await hub.deliver({ connection: closed({}) });
  expect(warnings(s)).toEqual([expect.stringContaining('no connection to wss://a.test: network')]);
});

test('that nobody needs a connection, or that somebody signed out, is told to nobody', async () => {
  const s = scene();
  s.client.connection.subscribe(() => {});
  const hub = await s.attached();
  const { detail: _, ...idle } = closed({ reason: 'idle', attempt: 0, retryAt: null }) as { detail: unknown };
  await hub.deliver({ connection: idle as Connection });
  await hub.deliver({ connection: { state: 'open', session: 's', since: 1, rttMs: null, suspect: false } });
  await s.client.signOut();
  expect(warnings(s)).toEqual([]);
});

test('a hub that cannot start is told with its cause', async () => {
  const s = scene({
    worker: () => {
      throw new Error('no such file');
    },
  });
  s.client.connection.subscribe(() => {});
  await untilEqual(() => warnings(s).length, 1);
  expect(warnings(s)[0]).toContain(
    'no connection to wss://example.test/ws: hub_unavailable, The hub cannot be started: Error: no such file; see',
  );
});

const HTTP = 'http://page.test/';
const HTTPS = 'https://page.test/';

test.for([
  ['wss://a.test/live', HTTPS],
  ['wss://a.test/live', HTTP],
  ['ws://a.test/live', HTTP],
  ['ws://localhost:8080/live', HTTPS],
  ['ws://app.localhost/live', HTTPS],
  ['ws://127.0.0.1:8080/live', HTTPS],
  ['ws://[::1]/live', HTTPS],
] as const)('%s can be opened by a page of %s', ([url, base]) => {
  expect(() => checkAddress(url, base)).not.toThrow();
});

test.for([
  ['ws://a.test/live', HTTPS, '`url` is of ws:'],
  ['ws://localhost.a.test/live', HTTPS, '`url` is of ws:'],
  ['ws://a.test/localhost/', HTTPS, '`url` is of ws:'],
  ['ftp://a.test/live', HTTP, '`url` is of ftp:'],
  ['file:///live', HTTPS, '`url` is of file:'],
] as const)('%s can be opened by no page of %s', ([url, base, why]) => {
  expect(() => checkAddress(url, base)).toThrow(why);
});

test.for([
  ['ftp://a.test/live', '`url` is of ftp:; it must be of wss:, or on a page of http: of ws:'],
  ['ws://a.test/live?ticket=secret', '`url` is of ws:; it must be of wss:, or on a page of http: of ws:'],
  ['http://secret ticket', '`url` is no URL'],
] as const)('a client for %s is not made: it would never be connected', ([url, message]) => {
  expect(() => scene({ url })).toThrow(new TypeError(message));
});

test('outside of a page no address is looked at, as there is none to resolve it by', () => {
  const worker = () => {
    throw new Error('never');
  };
  expect(() => createClient(protocol, { url: '/ws', identity: 'ann', worker })).not.toThrow();
});
