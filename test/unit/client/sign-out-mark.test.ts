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
  asker.make(asker.ask());
  const fresh = client();
  expect([away, other, fresh].map((each) => each.isOver())).toEqual([true, false, false]);
  time.now = 3_000;
  fresh.make(fresh.ask());
  expect([away, other, fresh].map((each) => each.isOver())).toEqual([true, false, true]);
});

test('a client that comes between the sign-out and its mark is not over', () => {
  const { time, client } = browser();
  const asker = client();
  asker.isOver();
  const number = asker.ask();
  time.now = 2_001;
  const fresh = client();
  expect(fresh.isOver()).toBe(false);
  asker.make(number);
  expect(fresh.isOver()).toBe(false);
});

test('a client that comes after the sign-out is not over, though a clock was set back', () => {
  const { time, client } = browser();
  const asker = client();
  asker.make(asker.ask());
  time.now = 500;
  const fresh = client();
  expect([fresh.isOver(), fresh.isOver()]).toEqual([false, false]);
});

test('a client that was there is over also where the clock was set back between its beginning and the sign-out', () => {
  const { time, client } = browser();
  const [away, asker] = [client(), client()];
  expect([away.isOver(), asker.isOver()]).toEqual([false, false]);
  for (time.now of [500, 200]) {
    const fresh = client();
    expect(fresh.isOver()).toBe(false);
    asker.make(asker.ask());
    expect([away.isOver(), fresh.isOver(), client().isOver()]).toEqual([true, true, false]);
  }
});

test('a sign-out that did not come about ends nobody, and the next one also who came after it was asked for', () => {
  const { client } = browser();
  const [away, asker] = [client(), client()];
  away.isOver();
  asker.ask();
  const fresh = client();
  expect([away.isOver(), fresh.isOver()]).toEqual([false, false]);
  asker.make(asker.ask());
  expect([away.isOver(), fresh.isOver()]).toEqual([true, true]);
});

test('of two sign-outs at once, the one that is done last does not take back the other', () => {
  const { client } = browser();
  const asker = client();
  const first = asker.ask();
  const between = client();
  between.isOver();
  asker.make(asker.ask());
  asker.make(first);
  expect(between.isOver()).toBe(true);
});

test('a sign-out after what was remembered is deleted ends who was there before', () => {
  const { time, client, remembered } = browser();
  const asker = client();
  asker.make(asker.ask());
  const away = client();
  away.isOver();
  remembered.clear();
  time.now = 2_000;
  asker.make(asker.ask());
  expect(away.isOver()).toBe(true);
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
