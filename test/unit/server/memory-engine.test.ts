import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Following } from '../../../src/server/replicated/engine.ts';
import { engineConformance } from '../../conformance/engine.ts';
import { MemoryEngine, MemoryLogService } from '../../support/memory-engine.ts';

let now = 0;
let service: MemoryLogService;
let one: MemoryEngine;
let other: MemoryEngine;
beforeEach(() => {
  now = 1_000;
  service = new MemoryLogService(() => now);
  one = new MemoryEngine(service);
  other = new MemoryEngine(service);
});
const followings: Following[] = [];
afterEach(async () => {
  for (const following of followings.splice(0)) await following.stop();
});

engineConformance('the engine in memory', {
  async create() {
    const log = new MemoryLogService(Date.now);
    const engines: MemoryEngine[] = [];
    const stall = (isStalled: boolean) => {
      for (const engine of engines) engine.stall(isStalled);
    };
    return {
      open: async () => {
        const engine = new MemoryEngine(log);
        engines.push(engine);
        return engine;
      },
      halt: () => stall(true),
      goOn: () => stall(false),
      losePart: async (position) => log.losePart(position),
    };
  },
});

function heardBy(engine: MemoryEngine, from = 1) {
  const heard: string[] = [];
  const troubles: unknown[] = [];
  const hear = async (records: readonly { text: string }[]) => void heard.push(...records.map((r) => r.text));
  followings.push(engine.follow(from, hear, (error) => troubles.push(error)));
  return { heard, troubles };
}

test('records have places without a hole and times that never run back, whoever appends', async () => {
  expect(await one.append('a')).toEqual({ position: 1, time: 1_000 });
  now = 500;
  expect(await other.append('b')).toEqual({ position: 2, time: 1_000 });
  expect(await one.read(2, 10)).toEqual({
    records: [{ position: 2, time: 1_000, text: 'b' }],
    oldest: 1,
    newest: 2,
  });
  expect(await other.newest()).toBe(2);
});

test('who follows hears each record once, in order, whoever appended it and whenever it lagged', async () => {
  await one.append('a');
  const [early, late] = [heardBy(one), heardBy(other, 2)];
  other.lag(true);
  await one.append('b');
  await other.append('c');
  await expect.poll(() => early.heard).toEqual(['a', 'b', 'c']);
  expect(late.heard).toEqual([]);
  other.lag(false);
  await expect.poll(() => late.heard).toEqual(['b', 'c']);
});

test('an append whose answer is lost is in the log, is not, or comes later; one that is repeated is there twice', async () => {
  one.failNext('refused', 'lost, written', 'lost, not written', 'late', 'repeated');
  await expect(one.append('a')).rejects.toMatchObject({ reason: 'refused' });
  for (const text of ['b', 'c', 'd']) {
    await expect(one.append(text)).rejects.toMatchObject({ reason: 'unknown' });
  }
  expect((await one.append('e')).position).toBe(2);
  service.arrive();
  expect((await other.read(1, 10)).records.map(({ text }) => text)).toEqual(['b', 'e', 'e', 'd']);
});

test('what is stalled goes on later, or is unknown when the engine is closed; after it all is refused', async () => {
  const { heard } = heardBy(one);
  one.stall(true);
  const first = one.append('a');
  await other.append('b');
  expect(heard).toEqual([]);
  one.stall(false);
  expect(await first).toMatchObject({ position: 2 });
  await expect.poll(() => heard).toEqual(['b', 'a']);
  one.stall(true);
  const second = one.append('c');
  const unknown = expect(second).rejects.toMatchObject({ reason: 'unknown' });
  await one.close();
  await unknown;
  await expect(one.append('d')).rejects.toMatchObject({ reason: 'refused' });
  expect(await other.newest()).toBe(2);
});
