import { computed, type ReadableAtom } from 'nanostores';
import { createTestbed } from 'trunkline/testing';
import { expect, test } from 'vitest';
import { atomOf } from './atom-of.ts';
import { protocol } from './protocol.ts';

async function begin() {
  const bed = createTestbed(protocol, { commands: { decide: () => ({ remaining: 0 }) } });
  const topic = bed.openTab().client.topic('run:1');
  const emit = (gate: string) => bed.server.emit('run:1', { type: 'gate', gate, state: 'waiting' });
  await emit('deploy');
  return { bed, topic, gates: topic.latest('gate'), emit };
}

test('what is computed of an atom that follows changes with it, and lets the topic go', async () => {
  const { bed, topic, gates, emit } = await begin();
  await using _bed = bed;
  const $count = computed(atomOf(gates), (byKey) => byKey.size);
  const told: number[] = [];
  const end = $count.subscribe((count) => told.push(count));
  await bed.settle();
  await emit('announce');
  expect(told).toEqual([0, 1, 2]);
  expect($count.get()).toBe(2);
  end();
  // nanostores waits a second for somebody else, and the topic five.
  await expect
    .poll(
      async () => {
        await bed.advance(6_000);
        return topic.status.get().state;
      },
      { timeout: 20_000 },
    )
    .toBe('idle');
});

test('what is computed of a Readable with a `listen` never changes again, in silence', async () => {
  const { bed, gates, emit } = await begin();
  await using _bed = bed;
  const invited = { ...gates, listen: gates.subscribe } as unknown as ReadableAtom<
    ReadonlyMap<string, unknown>
  >;
  const $count = computed(invited, (byKey) => byKey.size);
  const told: number[] = [];
  $count.subscribe((count) => told.push(count));
  await bed.settle();
  await emit('announce');
  expect(gates.get().size).toBe(2);
  expect(told).toEqual([0]);
  expect($count.get()).toBe(0);
});
