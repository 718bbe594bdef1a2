import { describe, expect, it } from 'vitest';
import { storeConformance } from '../../../testing/conformance/store.ts';
import { Disk } from '../../../testing/fakes/disk.ts';
import { MemoryStore } from '../../../testing/fakes/store.ts';
import { entry, expectFailure, put } from '../../support/store-rows.ts';

describe('the store in memory', () => {
  const newRows = () => {
    const disk = new Disk();
    return () => new MemoryStore(disk);
  };
  for (const { name, run } of storeConformance(newRows)) it(name, run);

  it('is told where it does not do what it must', async () => {
    const forgetful = storeConformance(() => () => new MemoryStore(new Disk()));
    const results = await Promise.allSettled(forgetful.map(({ run }) => run()));
    expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(5);
  });
});

describe('the faults of the store in memory', () => {
  it('fails as often as it was told, and changes nothing', async () => {
    const disk = new Disk();
    const store = new MemoryStore(disk);
    disk.failNext('blocked');
    await expectFailure(store.open(), 'blocked');
    await store.open();
    disk.failNext('full', 2);
    const write = () => store.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
    await expectFailure(write(), 'full');
    await expectFailure(write(), 'full');
    expect((await new MemoryStore(disk).open()).entries).toEqual([]);
    await expectFailure(write(), 'fenced');
  });

  it('holds operations back until they are released', async () => {
    const disk = new Disk();
    const store = new MemoryStore(disk);
    await store.open();
    const release = disk.hold();
    let done = false;
    const written = store.commit({ durability: 'strict', ops: [put(entry('a', 1))] }).then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve));
    expect(done).toBe(false);
    release();
    await written;
    expect(done).toBe(true);
  });

  it('loses relaxed transactions, but none that a strict one followed', async () => {
    const disk = new Disk();
    const store = new MemoryStore(disk);
    await store.open();
    await store.commit({ durability: 'relaxed', ops: [put(entry('a', 1))] });
    await store.commit({ durability: 'strict', ops: [put(entry('b', 2))] });
    await store.commit({ durability: 'relaxed', ops: [put(entry('c', 3))] });
    disk.loseRelaxed();
    expect((await new MemoryStore(disk).open()).entries).toEqual([entry('a', 1), entry('b', 2)]);
  });
});
