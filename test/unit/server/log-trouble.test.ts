import { expect, test } from 'vitest';
import { logTrouble } from '../../../src/server/address/index.ts';
import { DumpFailed } from '../../../src/server/replicated/dumps.ts';

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

test('a dump that is done without is told each time, and hides no outage', () => {
  const told: unknown[] = [];
  const trouble = logTrouble(
    (_, about) => told.push(about),
    (message) => told.push(message),
  );
  const failed = new DumpFailed('a dump could not be kept', new Error('the disk is full'));
  for (const error of [failed, 'away', failed, null]) trouble(error);
  const dump = 'keeping a dump of the log';
  expect(told).toEqual([dump, 'following the log', dump, 'following the log: it goes on']);
});
