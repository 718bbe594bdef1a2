import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MUTANTS } from '../../simulation/mutants/index.ts';
import { editsOf } from '../../simulation/mutants/mutant.ts';
import { Random } from '../../simulation/random.ts';
import { play, scheduleOf } from '../../simulation/run.ts';
import { shrink } from '../../simulation/shrink.ts';

test('a seed is the same run each time, to the last byte on the wire', async () => {
  for (const seed of [1, 2, 3]) {
    const first = await play(seed, scheduleOf(seed));
    const again = await play(seed, scheduleOf(seed));
    expect(again.trace).toBe(first.trace);
    expect(again.problems).toEqual(first.problems);
  }
  const [one, other] = [await play(1, scheduleOf(1)), await play(2, scheduleOf(2))];
  expect(one.trace).not.toBe(other.trace);
});

test('runs do what they are for: commands run, pages see events, faults happen', async () => {
  const kinds = new Set<string>();
  let accepted = 0;
  let seen = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const actions = scheduleOf(seed);
    for (const action of actions) kinds.add(action.do);
    const { world } = await play(seed, actions);
    accepted += world.server.chronicle.accepted.length;
    seen += world.allTabs.reduce((sum, tab) => sum + tab.seen.length, 0);
  }
  expect(kinds.size).toBeGreaterThan(30);
  expect(accepted).toBeGreaterThan(100);
  expect(seen).toBeGreaterThan(1_000);
});

test('several servers on one log each have a part in what their world does, the same each time', async () => {
  const runs = new Set<string>();
  let accepted = 0;
  for (const seed of [1, 2, 3, 4]) {
    const actions = scheduleOf(seed, 'replicated');
    const { world, trace, problems } = await play(seed, actions, 'replicated');
    expect(problems).toEqual([]);
    for (const { run } of world.server.chronicle.accepted) runs.add(`${seed} ${run}`);
    accepted += world.server.chronicle.accepted.length;
    if (seed === 1) expect((await play(seed, actions, 'replicated')).trace).toBe(trace);
  }
  expect(accepted).toBeGreaterThan(10);
  // More than one in each.
  expect(runs.size).toBeGreaterThan(4);
});

test('a failing list is made as short as it goes', async () => {
  const items = Array.from({ length: 40 }, (_, i) => i);
  let runs = 0;
  const short = await shrink(items, async (some) => {
    runs++;
    return some.includes(7) && some.includes(31);
  });
  expect(short).toEqual([7, 31]);
  expect(runs).toBeLessThan(200);
});

test('random numbers follow from their seed, and are spread', () => {
  const draw = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 1_000 }, () => random.int(10));
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  for (let digit = 0; digit < 10; digit++) {
    const times = draw(5).filter((drawn) => drawn === digit).length;
    expect(times).toBeGreaterThan(60);
    expect(times).toBeLessThan(140);
  }
});

describe('each mistake that the simulation must catch', () => {
  const edits = MUTANTS.flatMap((mutant) => editsOf(mutant).map((edit) => ({ name: mutant.name, ...edit })));

  test.for(edits)('can still be made: $name ($file)', ({ file, text, instead }) => {
    const source = readFileSync(resolve(import.meta.dirname, '../../..', file), 'utf8');
    expect(source.split(text)).toHaveLength(2);
    expect(instead).not.toBe(text);
  });
});
