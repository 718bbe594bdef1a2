import { describe, expect, test } from 'vitest';
import type { TabItem } from '../../../src/protocol/port.ts';
import { Journal } from '../../../worker/core/topics/journal.ts';

const itemOf = (offset: number, key: string | null, critical = false): TabItem => ({
  offset,
  ts: offset,
  key,
  gone: false,
  critical,
  replayed: false,
  event: { type: 'any' },
});

function journalOf(floodBuffer = 1_000) {
  const journal = new Journal(floodBuffer);
  let offset = 0;
  return {
    journal,
    add(key: string | null, as: 'live' | 'replay' | 'repeat' = 'live', critical = false) {
      journal.addEvent('e1', itemOf(++offset, key, critical), as);
    },
    snapshot() {
      journal.addSnapshot({
        epoch: 'e1',
        offset: ++offset,
        ts: offset,
        events: [],
        missed: [],
        losable: 0,
        completeSince: { offset: 0, ts: 0 },
        asked: null,
        gaps: 0,
      });
    },
    from: (place: number) =>
      [...journal.from(place)].map((entry) => (entry.type === 'event' ? entry.item.offset : 'snapshot')),
  };
}

describe('conflation', () => {
  test('of a key only the newest is given, at its own place', () => {
    const { add, from, journal } = journalOf();
    for (const key of ['a', 'b', 'a', null, 'a']) add(key);
    expect(from(0)).toEqual([2, 4, 5]);
    expect(journal.size).toBe(3);
  });

  test('critical events, replays and repeats are given all, and supersede nothing', () => {
    const { add, from } = journalOf();
    add('a');
    add('a', 'live', true);
    add('a', 'replay');
    add('a', 'replay');
    add('a', 'repeat', true);
    expect(from(0)).toEqual([1, 2, 3, 4, 5]);
    add('a');
    expect(from(0)).toEqual([2, 3, 4, 5, 6]);
  });

  test('a snapshot is given between what was before and what is after: nothing conflates across it', () => {
    const { add, from, snapshot } = journalOf();
    add('a');
    snapshot();
    add('a');
    expect(from(0)).toEqual([1, 'snapshot', 3]);
    expect(from(1)).toEqual(['snapshot', 3]);
    expect(from(2)).toEqual([3]);
  });
});

describe('the flood buffer', () => {
  test('events without a key fall off the oldest end, the others stay', () => {
    const { add, from, journal } = journalOf(2);
    add(null);
    add('a');
    add(null, 'live', true);
    add(null, 'replay');
    add(null, 'repeat', true);
    add(null);
    expect(from(0)).toEqual([1, 2, 3, 4, 5, 6]);
    add(null);
    add(null);
    expect(from(0)).toEqual([2, 3, 4, 5, 7, 8]);
    expect(journal.size).toBe(6);
  });

  test('what a tab can lose is numbered, replays too', () => {
    const { add, journal } = journalOf(1);
    add(null);
    add('a');
    add(null, 'replay');
    add(null, 'live', true);
    add(null);
    const numbers = [...journal.from(0)].map(({ losableBefore, losable }) => [losableBefore, losable]);
    expect(numbers).toEqual([
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ]);
    expect(journal.losable).toBe(3);
  });
});

describe('memory', () => {
  test('what every tab has passed is forgotten', () => {
    const { add, from, journal } = journalOf();
    for (let i = 0; i < 10; i++) add(i % 2 ? 'a' : null);
    journal.trim(4);
    expect(from(0)).toEqual([5, 7, 9, 10]);
    expect(journal.size).toBe(4);
    journal.trim(journal.end);
    expect([journal.size, journal.isEmpty]).toEqual([0, true]);
    add('a');
    expect(from(0)).toEqual([11]);
  });

  test('what was passed is superseded by nothing', () => {
    const { add, from, journal } = journalOf();
    add('a');
    add(null);
    journal.trim(1);
    add('a');
    expect(from(0)).toEqual([2, 3]);
    expect(journal.size).toBe(2);
  });

  test('places stay what they are when the dead are cleared away', () => {
    const { add, from, journal } = journalOf(10);
    add('first', 'replay');
    for (let i = 0; i < 20_000; i++) add(i % 2 ? `k${i % 20}` : null);
    add('last', 'replay');
    const whole = from(0);
    expect(whole).toHaveLength(22);
    expect([whole[0], whole.at(-1)]).toEqual([1, 20_002]);
    expect(from(1)).toEqual(whole.slice(1));
    expect(from(20_001)).toEqual([20_002]);
    expect(journal.size).toBe(22);
  });

  test.each([
    ['keys', (i: number) => `k${i % 100}`],
    ['no keys', () => null],
    ['both', (i: number) => (i % 3 ? `k${i % 100}` : null)],
  ])('for a tab that takes nothing its size is bounded, and always exact, with %s', (_, keyOf) => {
    const { add, from, journal } = journalOf(50);
    for (let i = 0; i < 10_000; i++) {
      add(keyOf(i));
      if (i % 500 === 0) expect(journal.size).toBe(from(0).length);
      expect(journal.size).toBeLessThanOrEqual(150);
    }
  });

  test('its size is exact however tabs pass and events are superseded', () => {
    const { add, from, journal, snapshot } = journalOf(20);
    for (let i = 0; i < 6_000; i++) {
      add([null, `k${i % 7}`, `m${i % 900}`][i % 3] ?? null, i % 50 === 0 ? 'replay' : 'live');
      if (i % 700 === 0) snapshot();
      if (i % 100 === 0) journal.trim(journal.end - (i % 2_300));
      if (i % 25 === 0) expect(journal.size).toBe(from(0).length);
    }
  });
});
