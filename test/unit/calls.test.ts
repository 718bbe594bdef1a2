import { expect, test } from 'vitest';
import { CALLS } from '../../src/protocol/calls.ts';

test('what crosses between builds keeps its shape: the names of calls and arguments, and their order', () => {
  const shapes = Object.entries(CALLS).map(([method, { takes }]) => [method, ...takes].join(' '));
  // New calls, and new arguments at an end, may be added here.
  expect(shapes.sort()).toEqual([
    'cancel id',
    'diagnosed outage diagnosis',
    'dismiss id seen',
    'forget topic',
    'inspect',
    'reconnect',
    'retry id askedAt askedBy seen',
    'send command',
    'settled id',
    'signOut discard number',
    'signal signal',
    'subscribe topic ticket position',
    'token request answer',
    'took topic epoch taken failed ts',
    'unsubscribe topic',
  ]);
});
