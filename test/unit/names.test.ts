import { expect, test } from 'vitest';
import { formerName, scopeName } from '../../src/protocol/names.ts';
import { ownerLock } from '../../worker/shell/election.ts';
import { commonChannel, relayChannel } from '../../worker/shell/hub-messages.ts';

test('no two apps and identities share a database, a lock or a channel', () => {
  const parts = ['a', 'b', ':', '%', '%3A', ':owner', ':hubs', ':relay:x', ''];
  const words = parts.flatMap((one) => parts.map((other) => one + other));
  const pairs = words.flatMap((app) => words.map((identity) => [app, identity] as const));
  const count = new Set(pairs.map((pair) => JSON.stringify(pair))).size;
  for (const name of [scopeName, ownerLock, commonChannel]) {
    expect(new Set(pairs.map(([app, identity]) => name(app, identity))).size).toBe(count);
  }
  const channels = pairs.flatMap(([app, identity]) => [
    commonChannel(app, identity),
    relayChannel(app, identity, '00000000-0000-4000-8000-000000000001'),
  ]);
  expect(new Set(channels).size).toBe(2 * count);
});

test('the names of older builds stay, but for apps whose name could be taken for a part of an identity', () => {
  expect(scopeName('shop', 'de:ann')).toBe('trunkline:shop:de:ann');
  expect(formerName('shop', 'de:ann')).toBeNull();
  expect(scopeName('shop:de', 'ann')).toBe('trunkline:shop%3Ade:ann');
  expect(formerName('shop:de', 'ann')).toBe('trunkline:shop:de:ann');
});
