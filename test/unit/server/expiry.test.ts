import { expect, test } from 'vitest';
import { HandWorld } from './support/hand.ts';
import { world } from './support/worlds.ts';

const NOW = 1_700_000_000_000;
const DAY_MS = 86_400_000;

test('a connection ends when what authenticate found expires, so that the client asks for a new token', async () => {
  const by = new HandWorld();
  const peer = await by.join({}, { principal: 'ada', expiresAt: NOW + 3_600_000 });
  for (let minutes = 0; minutes < 59; minutes += 1) {
    await by.clock.advance(60_000);
    peer.say({ type: 'ping', id: 1 });
  }
  expect(peer.ended).toBe(null);
  await by.clock.advance(60_000);
  expect(peer.expect('goodbye')).toMatchObject({ code: 'unauthorized', retry: true });
  expect(peer.ended).toEqual({ code: 4401 });
});

test('a clock that is set ahead ends it within a minute, one that is set back later', async () => {
  const by = new HandWorld();
  const peer = await by.join({}, { principal: 'ada', expiresAt: NOW + 30 * DAY_MS });
  by.clock.jump(30 * DAY_MS);
  await by.clock.advance(60_000);
  expect(peer.expect('goodbye')).toMatchObject({ code: 'unauthorized' });

  const back = new HandWorld();
  const other = await back.join({}, { principal: 'ada', expiresAt: NOW + 30_000 });
  back.clock.jump(-50_000);
  await back.clock.advance(60_000);
  expect(other.ended).toBe(null);
  other.say({ type: 'ping', id: 1 });
  await back.clock.advance(30_000);
  expect(other.expect('goodbye')).toMatchObject({ code: 'unauthorized' });
});

test('what has expired before the welcome is welcomed by nobody', async () => {
  const by = new HandWorld();
  const peer = by.connect({ principal: 'ada', expiresAt: NOW });
  peer.hello();
  await expect.poll(() => peer.ended).toEqual({ code: 4401 });
  expect(peer.all('welcome')).toEqual([]);
});

test('authorize is given the claims of the connection that asks, of two connections of one person', async () => {
  const asked: unknown[] = [];
  const running = await world({
    authenticate: (token) => ({ principal: 'ada', claims: { scope: token } }),
    authorize: (principal, topic, action, claims) => {
      asked.push([principal, topic, action, claims]);
      return claims['scope'] === 'all';
    },
  });
  const narrow = await running.join({ token: 'little' });
  const wide = await running.join({ token: 'all' });
  wide.send({ type: 'subscribe', topic: 't', ref: 1 });
  narrow.send({ type: 'subscribe', topic: 't', ref: 1 });
  expect(await narrow.next('error')).toMatchObject({ code: 'forbidden' });
  await wide.next('snapshot');
  const id = narrow.command({ type: 'note', text: 'x' }, { topic: 't' });
  expect(await narrow.next('command_nack')).toMatchObject({ id, code: 'forbidden' });
  expect(asked).toEqual([
    ['ada', 't', 'read', { scope: 'all' }],
    ['ada', 't', 'read', { scope: 'little' }],
    ['ada', 't', 'write', { scope: 'little' }],
  ]);
});

test('an answer of authenticate that is wrong about claims or the end is nobody for now', async () => {
  for (const wrong of [
    { principal: 'ada', expiresAt: '2030-01-01' },
    { principal: 'ada', expiresAt: Number.NaN },
    { principal: 'ada', claims: 'all' },
  ]) {
    const running = await world({ authenticate: () => wrong as never });
    const client = await running.connect();
    client.hello();
    expect(await client.next('goodbye')).toMatchObject({ code: 'overloaded', retry: true });
    expect(running.errors).toEqual([expect.stringMatching(/authenticate: `(expiresAt|claims)`/)]);
  }
});
