import { expect, test } from 'vitest';
import { alertSettings, setAlert } from '../../../demo/console/alerts/settings.ts';
import { explainConnection, sayConnection } from '../../../demo/console/connection/words.ts';

test('a lost connection is told in plain words, and explained with the exact terms', () => {
  const closed = {
    state: 'closed',
    reason: 'network',
    attempt: 5,
    retryAt: 8_000,
    circuit: 'open',
  } as const;
  expect(sayConnection(closed, false)).toBe('Connection lost');
  expect(explainConnection(closed)).toBe(
    '5 attempts failed in a row (reason: network). Circuit open: after so many failures it waits before the next attempt.',
  );
  expect(sayConnection({ ...closed, reason: 'hub_lost' }, false)).not.toMatch(/worker|hub/i);
});

test('alerts are off until a person turns one on, for nobody else, and one does not turn the other on or off', () => {
  expect([...alertSettings('Ada')]).toEqual([]);
  setAlert('Ada', 'sound', true);
  setAlert('Ada', 'notification', true);
  expect([...alertSettings('Ada')]).toEqual(['notification', 'sound']);
  expect([...alertSettings('Bob')]).toEqual([]);
  setAlert('Ada', 'sound', false);
  expect([...alertSettings('Ada')]).toEqual(['notification']);
});
