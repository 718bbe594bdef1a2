import { expect, test } from 'vitest';
import { stateStoreConformance } from '../../../testing/conformance/state-store.ts';
import { MemoryStateStore, StateDisk } from '../../../testing/fakes/state-store.ts';

const newRows = () => {
  const disk = new StateDisk();
  return () => new MemoryStateStore(disk);
};
for (const { name, run } of stateStoreConformance(newRows)) test(`the state's store in memory: ${name}`, run);

test("a state's store that does not do what it must is told", async () => {
  const forgetful = stateStoreConformance(() => () => new MemoryStateStore(new StateDisk()));
  const results = await Promise.allSettled(forgetful.map(({ run }) => run()));
  expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(1);
});
