import { expect, test } from 'vitest';
import { createSignOutMark } from '../../../src/client/sign-out-mark.ts';

/** A browser's pages: what they remember, and their clock. */
function browser() {
  const remembered = new Map<string, string>();
  const time = { now: 1_000 };
  const client = (identity = 'ann') =>
    createSignOutMark(
      {
        now: () => time.now,
        recall: (name) => remembered.get(name) ?? null,
        remember: (name, value) => void remembered.set(name, value),
      },
      'ops',
      identity,
    );
  return { time, client, remembered };
}

test('a client that was there when somebody signed out is over, and one that comes after it, or is of another identity, is not', () => {
  const { time, client } = browser();
  const [away, asker, other] = [client(), client(), client('bob')];
  expect([away, asker, other].map((each) => each.isOver())).toEqual([false, false, false]);
  time.now = 2_000;
  asker.make(2_000);
  const fresh = client();
  expect([away, other, fresh].map((each) => each.isOver())).toEqual([true, false, false]);
  time.now = 3_000;
  fresh.make(3_000);
  expect([away, other, fresh].map((each) => each.isOver())).toEqual([true, false, true]);
});

test('a client that comes between the sign-out and its mark is not over', () => {
  const { time, client } = browser();
  const asker = client();
  asker.isOver();
  time.now = 2_001;
  const fresh = client();
  expect(fresh.isOver()).toBe(false);
  asker.make(2_000);
  expect(fresh.isOver()).toBe(false);
});

test('nor one that comes after a clock was set back', () => {
  const { time, client } = browser();
  client().make(1_000);
  time.now = 500;
  const fresh = client();
  expect([fresh.isOver(), fresh.isOver()]).toEqual([false, false]);
});

test('where nothing can be remembered, or something else was, nobody is over', () => {
  const { client, remembered } = browser();
  const fresh = client();
  fresh.isOver();
  remembered.set('trunkline:ops:ann:signed-out', 'no time');
  expect(fresh.isOver()).toBe(false);
  remembered.clear();
  expect(fresh.isOver()).toBe(false);
});
