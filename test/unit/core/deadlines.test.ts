import { expect, test } from 'vitest';
import { Deadlines } from '../../../worker/core/deadlines.ts';

function watched() {
  const deadlines = new Deadlines<string>();
  const ran: string[] = [];
  const set = (name: string, at: number) => deadlines.set(name, at, () => ran.push(name));
  return { deadlines, ran, set };
}

test('what is due runs once, in order of time', () => {
  const { deadlines, ran, set } = watched();
  set('late', 30);
  set('second', 20);
  set('first', 10);
  deadlines.runDue(20);
  expect(ran).toEqual(['first', 'second']);
  deadlines.runDue(20);
  expect(ran).toEqual(['first', 'second']);
  expect(deadlines.next).toBe(30);
});

test('a deadline of the same name replaces the former', () => {
  const { deadlines, ran, set } = watched();
  set('a', 10);
  set('a', 20);
  deadlines.runDue(10);
  expect(ran).toEqual([]);
  expect(deadlines.at('a')).toBe(20);
});

test('one that an earlier one clears, or sets anew, does not run with it', () => {
  const { deadlines, ran, set } = watched();
  deadlines.set('first', 10, () => {
    ran.push('first');
    deadlines.clear('cleared');
    set('again', 15);
  });
  set('cleared', 11);
  set('again', 12);
  deadlines.runDue(20);
  expect(ran).toEqual(['first']);
  deadlines.runDue(20);
  expect(ran).toEqual(['first', 'again']);
  expect(deadlines.next).toBeNull();
});

test('one that sets itself anew, due already, does not run for ever', () => {
  const deadlines = new Deadlines<string>();
  let runs = 0;
  const again = () => {
    runs++;
    deadlines.set('a', 0, again);
  };
  again();
  deadlines.runDue(10);
  expect(runs).toBe(2);
});

test('a clock that is set back leaves the waits as long as they were', () => {
  const { deadlines, set } = watched();
  set('a', 100);
  set('b', 200);
  deadlines.shift(-50);
  expect([deadlines.at('a'), deadlines.at('b')]).toEqual([50, 150]);
});
