import { expect, test } from 'vitest';
import { logTrouble } from '../../../src/server/address/index.ts';

test('an outage of the log is told when it begins, and when it is over', () => {
  const told: unknown[] = [];
  const trouble = logTrouble(
    (error, about) => told.push([error, about]),
    (message) => told.push(message),
  );
  trouble(null);
  for (const error of ['first', 'second', null, null, 'third']) trouble(error);
  expect(told).toEqual([
    ['first', 'following the log'],
    'following the log: it goes on',
    ['third', 'following the log'],
  ]);
});
