import { expect, test } from 'vitest';
import type { Sample } from '../../../bench/soak/sample.ts';
import { findFaults } from '../../../bench/soak/verdict.ts';

const MB = 1_000_000;

/** Twelve of them, all alike but for what is said. */
function samples(change: (index: number) => Partial<Sample> = () => ({})): Sample[] {
  return Array.from({ length: 12 }, (_, index) => ({
    minute: index,
    events: index * 1_000,
    workerHeapBytes: 3 * MB,
    pageHeapBytes: 2 * MB,
    sockets: 1,
    mostSockets: 1,
    locksHeld: 6,
    locksPending: 8,
    tabs: 4,
    queued: 0,
    keys: 1_000,
    rows: { entries: 0, outcomes: 50, cursors: 1, meta: 1 },
    ...change(index),
  }));
}

test('a soak without growth is flat, whatever its first quarter did', () => {
  expect(findFaults(samples())).toEqual([]);
  expect(findFaults(samples((index) => (index < 3 ? { workerHeapBytes: MB } : {})))).toEqual([]);
});

test('a heap that grows by a tenth after the warm-up is a fault, one that merely swings is not', () => {
  const grows = (index: number) => ({ workerHeapBytes: 3 * MB * (1 + index * 0.02) });
  expect(findFaults(samples(grows))).toEqual([expect.stringContaining('workerHeapBytes grew by')]);
  const swings = (index: number) => ({ pageHeapBytes: 2 * MB * (index % 2 === 0 ? 1 : 1.15) });
  expect(findFaults(samples(swings))).toEqual([]);
});

test('a second socket is a fault, and so is a lock, a port or a key too many', () => {
  const at = (change: Partial<Sample>) => (index: number) => (index === 7 ? change : {});
  expect(findFaults(samples(at({ mostSockets: 2 })))).toEqual(['sample 8: 2 sockets at the same time']);
  expect(findFaults(samples(at({ locksHeld: 7 })))).toEqual(['sample 8: 7 locksHeld, not 6']);
  expect(findFaults(samples(at({ tabs: 5 })))).toEqual(['sample 8: 5 tabs, not 4']);
  expect(findFaults(samples(at({ keys: 1_001 })))).toEqual(['sample 8: 1001 keys, not 1000']);
});

test('rows that are left over are a fault', () => {
  const rows = { entries: 1, outcomes: 2_000, cursors: 2, meta: 1 };
  expect(findFaults(samples((index) => (index === 11 ? { rows } : {})))).toEqual([
    'sample 12: 1 entries are left in the outbox',
    'sample 12: 2000 outcomes are kept',
    'sample 12: 2 cursors, 1 rows of meta',
  ]);
});
