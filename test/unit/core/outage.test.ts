import { expect, test } from 'vitest';
import type { Diagnosis } from '../../../src/protocol/model.ts';
import type { AttachRequest } from '../../../src/protocol/port.ts';
import { HubWorld } from '../../support/hub-world.ts';
import { awaitRetry, closedOf, ops } from './ops.ts';

/** A world in which the connection is wanted, and its first handshake fails. */
function failed(request: Partial<AttachRequest>) {
  const world = new HubWorld(ops);
  const tab = world.attach(request);
  tab.subscribe('run:1');
  world.socket.close();
  return { world, tab };
}
const asked = (world: HubWorld) => world.effects.filter((effect) => effect.type === 'diagnose');
const found = (world: HubWorld, diagnosis: Diagnosis, outage = asked(world).at(-1)?.outage ?? -1) =>
  world.feed({ type: 'diagnosed', outage, diagnosis });

test('nobody asks why a handshake failed where no tab wants to know', () => {
  const { world, tab } = failed({});
  expect(asked(world)).toEqual([]);
  expect(closedOf(tab).detail).toEqual({ closeCode: 1006 });
});

test('the hub asks once in each outage, and tells what it found until the next connection', () => {
  const scene = failed({ diagnose: 'hub' });
  const { world, tab } = scene;
  expect(asked(world)).toMatchObject([{ url: 'ws://test/ws' }]);
  found(world, { cause: 'forbidden' });
  const detail = { closeCode: 1006, cause: 'forbidden', message: expect.stringContaining('401 or 403') };
  expect(closedOf(tab)).toMatchObject({ reason: 'network', detail });
  awaitRetry(scene);
  world.socket.close();
  expect(asked(world)).toHaveLength(1);
  expect(closedOf(tab)).toMatchObject({ attempt: 2, retryAt: expect.any(Number), detail });
  awaitRetry(scene);
  world.socket.welcome();
  world.socket.close();
  expect(closedOf(tab).detail).toEqual({ closeCode: 1006 });
  awaitRetry(scene);
  world.socket.close();
  expect(asked(world)).toHaveLength(2);
});

test('a handshake that never ends is asked about as well, and keeps its own words', () => {
  const world = new HubWorld(ops);
  const tab = world.attach({ diagnose: 'hub' });
  tab.subscribe('run:1');
  world.advance(10_000);
  found(world, { cause: 'no_route' });
  const message = 'no welcome from ws://test within 10000 ms';
  expect(closedOf(tab)).toMatchObject({ reason: 'timeout', detail: { cause: 'no_route', message } });
});

test.for([
  ['a socket that was open', (world: HubWorld) => world.socket.accept()],
  ['a socket that the browser refused', () => 'the policy'],
] as const)('%s is not asked about: its end has a reason', ([, end]) => {
  const world = new HubWorld(ops);
  world.attach({ diagnose: 'hub' }).subscribe('run:1');
  const reason = end(world);
  world.socket.close(1006, typeof reason === 'string' ? reason : '');
  expect(asked(world)).toEqual([]);
});

test('a server that names a time is waited for, and whoever comes may be quicker', () => {
  const { world, tab } = failed({ diagnose: 'hub' });
  found(world, { cause: 'unavailable', retryAfterMs: 60_000 });
  expect(closedOf(tab).retryAt).toBe(world.now + 60_000);
  tab.call({ method: 'signal', signal: 'visible' });
  expect(world.sockets).toHaveLength(2);
});

test('a server that names a time is waited for no longer than 5 minutes, since it was no answer to a handshake', () => {
  const { world, tab } = failed({ diagnose: 'hub' });
  found(world, { cause: 'unavailable', retryAfterMs: 86_400_000 });
  expect(closedOf(tab).retryAt).toBe(world.now + 300_000);
});

test('an answer of an earlier outage says nothing about this one', () => {
  const scene = failed({ diagnose: 'hub' });
  const { world, tab } = scene;
  const first = asked(world)[0]?.outage ?? -1;
  awaitRetry(scene);
  world.socket.welcome();
  world.socket.close();
  awaitRetry(scene);
  world.socket.close();
  found(world, { cause: 'redirect' }, first);
  expect(closedOf(tab).detail).toEqual({ closeCode: 1006 });
});

test("the application's function is asked in a tab, a visible one first", () => {
  const world = new HubWorld(ops);
  const hidden = world.attach({ diagnose: 'tab', visible: false });
  const tab = world.attach({ diagnose: 'tab' });
  world.attach();
  tab.subscribe('run:1');
  world.socket.close();
  expect(asked(world)).toEqual([]);
  const asks = [hidden, tab].map(({ batches }) => batches.flatMap(({ diagnose }) => diagnose ?? []));
  expect(asks).toEqual([[], [1]]);
  tab.call({ method: 'diagnosed', outage: 1, diagnosis: { cause: 'redirect' } });
  expect(closedOf(tab).detail).toMatchObject({ cause: 'redirect' });
});

test('a URL that a function gave is not asked', () => {
  const world = new HubWorld(ops);
  const tab = world.attach({ url: null, diagnose: 'hub' });
  tab.subscribe('run:1');
  const url = 'ws://test/ws?ticket=1';
  tab.call({ method: 'token', request: tab.tokenRequest, answer: { token: null, url } });
  world.socket.close();
  expect(asked(world)).toEqual([]);
});
