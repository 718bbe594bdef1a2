import { QueryClient, QueryObserver } from '@tanstack/query-core';
import { createTestbed } from 'trunkline/testing';
import { expect, test } from 'vitest';
import { feedQuery } from './feed-query.ts';
import { protocol } from './protocol.ts';

type States = Readonly<Record<string, string>>;
const queryKey = ['gates'];

async function begin() {
  const bed = createTestbed(protocol, { commands: { decide: () => ({ remaining: 0 }) } });
  const topic = bed.openTab().client.topic('run:1');
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  /** Those who wait for an answer of the backend, oldest first. */
  const asked: { answer(states: States): void; fail(): void }[] = [];
  const end = feedQuery<States, ReadonlyMap<string, { gate: string; state: string }>>(
    queries,
    queryKey,
    topic,
    {
      events: topic.latest('gate'),
      fetch: () =>
        new Promise((answer, refuse) => {
          asked.push({ answer, fail: () => refuse(new Error('down')) });
        }),
      apply: (states, events) => {
        const changed = [...events.values()].filter(({ gate, state }) => states[gate] !== state);
        return changed.length === 0
          ? states
          : { ...states, ...Object.fromEntries(changed.map(({ gate, state }) => [gate, state])) };
      },
    },
  );
  const observer = new QueryObserver<States>(queries, { queryKey });
  const unwatch = observer.subscribe(() => {});
  const shown = () => observer.getCurrentResult().data;
  const emit = (gate: string, state: 'waiting' | 'approved' | 'rejected') =>
    bed.server.emit('run:1', { type: 'gate', gate, state });
  const answer = async (states: States) => {
    asked.shift()?.answer(states);
    await expect.poll(() => queries.isFetching()).toBe(0);
  };
  /** The server comes back without its history. */
  const miss = async () => {
    await bed.server.restart({ history: false });
    await bed.advance(60_000);
  };
  await bed.settle();
  return { bed, topic, queries, asked, end, unwatch, shown, emit, answer, miss };
}

test('shows what was fetched with what has happened since, whichever came first', async () => {
  const { bed, asked, end, shown, emit, answer } = await begin();
  await using _bed = bed;
  expect(asked).toHaveLength(1);
  // The answer was made before that, and comes after it.
  await emit('deploy', 'approved');
  await answer({ deploy: 'waiting', announce: 'waiting' });
  expect(shown()).toEqual({ deploy: 'approved', announce: 'waiting' });
  await emit('announce', 'rejected');
  expect(shown()).toEqual({ deploy: 'approved', announce: 'rejected' });
  expect(asked).toEqual([]);
  end();
  await emit('announce', 'waiting');
  expect(shown()).toMatchObject({ announce: 'rejected' });
});

test('fetches anew where events are missing for good, and once more where that fails', async () => {
  const { bed, topic, queries, asked, shown, emit, answer, miss } = await begin();
  await using _bed = bed;
  await emit('deploy', 'waiting');
  await answer({ deploy: 'waiting' });
  await miss();
  expect(topic.status.get()).toMatchObject({ state: 'live', gaps: 1 });
  expect(asked).toHaveLength(1);
  asked.shift()?.fail();
  await expect.poll(() => queries.isFetching()).toBe(0);
  await emit('deploy', 'approved');
  expect(shown()).toEqual({ deploy: 'approved' });
  expect(queries.getQueryState(queryKey)?.isInvalidated).toBe(true);
  const again = queries.refetchQueries({ queryKey, stale: true });
  expect(asked).toHaveLength(1);
  await answer({ deploy: 'approved', announce: 'waiting' });
  await again;
  expect(shown()).toEqual({ deploy: 'approved', announce: 'waiting' });
});
