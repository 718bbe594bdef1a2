import { expect, test } from 'vitest';
import type { Connection } from '../../../src/index.ts';
import { type ConnectionStep, withStep } from '../../../src/inspector/recording/connection-history.ts';

const open = (session: string, rttMs: number | null = null): Connection => ({
  state: 'open',
  session,
  since: 0,
  rttMs,
  suspect: false,
});
const lost = (attempt: number, retryAt: number | null = null): Connection => ({
  state: 'closed',
  reason: 'network',
  attempt,
  retryAt,
  circuit: 'closed',
});

const historyOf = (changes: readonly Connection[]) =>
  changes.reduce<readonly ConnectionStep[]>((steps, change, at) => withStep(steps, change, at), []);

test('each attempt, opening and loss is a step, and what becomes known of one is no other step', () => {
  const steps = historyOf([
    { state: 'connecting', attempt: 1 },
    open('s1'),
    open('s1', 12),
    lost(1),
    lost(1, 900),
    { state: 'connecting', attempt: 2 },
    lost(2),
    { state: 'connecting', attempt: 3 },
    open('s2'),
  ]);
  expect(steps.map(({ at, connection }) => `${at} ${connection.state}`)).toEqual([
    '0 connecting',
    '1 open',
    '3 closed',
    '5 connecting',
    '6 closed',
    '7 connecting',
    '8 open',
  ]);
  expect(steps[1]?.connection).toMatchObject({ rttMs: 12 });
  expect(steps[2]?.connection).toMatchObject({ retryAt: 900 });
});

test('the newest 200 steps are kept, each under a number of its own', () => {
  const steps = historyOf(Array.from({ length: 300 }, (_, i) => lost(i)));
  expect(steps).toHaveLength(200);
  expect([steps[0]?.n, steps.at(-1)?.n]).toEqual([101, 300]);
});
