import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { PUBLICATION_KEEP_MS } from '../../../src/server/log/event-log.ts';
import { HeldPublications } from '../../../src/server/log/held-publications.ts';

const place = (topic: string, epoch: string, offset: number) => ({ topic, epoch, offset });

test('the places of a publication are held in their order, however its events are mixed', () => {
  const held = new HeldPublications();
  const places = [
    place('a', 'e', 7),
    place('a', 'e', 8),
    place('b', 'f', 1),
    place('a', 'e', 9),
    place('b', 'f', 2),
    place('b', 'f', 3),
    // Of a topic that ended in between, as another transaction can have it.
    place('b', 'g', 4),
    place('a "quoted"\n', 'e', 1),
  ];
  held.record('k', { digest: 'd', at: 5, places });
  held.record('of none', { digest: 'd', at: 6, places: [] });
  expect(held.find('k')).toEqual({ digest: 'd', at: 5, places });
  expect(held.find('of none')).toEqual({ digest: 'd', at: 6, places: [] });
  expect(held.find('other')).toBeNull();
});

test('what is recorded again comes last, and so is pruned last', () => {
  const held = new HeldPublications();
  for (const [key, at] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ] as const)
    held.record(key, { digest: 'd', at, places: [] });
  expect([...held.entries()].map(([key, { at }]) => [key, at])).toEqual([
    ['b', 2],
    ['a', 3],
  ]);
  held.prune(PUBLICATION_KEEP_MS + 3);
  expect([...held.entries()].map(([key]) => key)).toEqual(['a']);
});

test('a million publications of 100 events of a topic take hundreds of megabytes, not thousands', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const usedBytes = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = usedBytes();
  const held = new HeldPublications();
  const count = 20_000;
  for (let n = 0; n < count; n += 1) {
    const places = Array.from({ length: 100 }, (_, m) => place('run:1', 'an epoch of its own', 100 * n + m));
    held.record(`${n} ${'k'.repeat(36)}`, { digest: `${n} ${'d'.repeat(43)}`, at: n, places });
  }
  // As objects they would be 6,000 bytes each.
  expect((usedBytes() - before) / count).toBeLessThan(1_000);
  expect(held.size).toBe(count);
});
