import { openDB } from 'idb';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stateName } from '../../../src/protocol/names.ts';
import { stateStoreConformance } from '../../../testing/conformance/state-store.ts';
import { IdbStateStore } from '../../../worker/browser/store/idb-state-store.ts';
import { IdbStore } from '../../../worker/browser/store/idb-store.ts';
import type { StateOp, StateOwner } from '../../../worker/core/state-store.ts';
import { entry, expectFailure, put } from '../../support/store-rows.ts';

const APP = 'state-test';
const ANN: StateOwner = { principal: 'ann', signOuts: 0, databaseId: 'd1' };
const newStore = (identity: string, timeoutMs = 10_000) => {
  const store = new IdbStateStore({ app: APP, identity, timeoutMs });
  onTestFinished(() => store.close());
  return store;
};
const save = (topic: string, keys: readonly string[], text = ''): StateOp & { op: 'save' } => ({
  op: 'save',
  head: { topic, epoch: 'e1', offset: 9, lastSeen: 1, savedAt: 2, size: 3 },
  isWhole: false,
  put: keys.map((slot) => ({
    topic,
    slot,
    item: { offset: 1, ts: 1, event: { type: 'node', id: slot, text } },
    size: 60,
  })),
  gone: [],
});

describe("the state's store in IndexedDB", () => {
  it('has many rows of one topic in few values, and what changes since beside them', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open(ANN);
    const keys = Array.from({ length: 1_000 }, (_, i) => `key ${i}`);
    await store.commit({ ...save('run', keys, 'x'.repeat(2_000)), isWhole: true });
    await store.commit({ ...save('run', ['key 7', 'new']), gone: ['key 8', 9] });
    const db = await openDB(stateName(APP, identity));
    expect(await db.count('state')).toBe(2 + 2 + 4);
    await db.put('state', 'no rows', ['run', [1]]);
    db.close();
    const { rows, unreadable } = await store.load('run');
    const slots = rows.map(({ slot }) => slot);
    expect(slots).toEqual(expect.arrayContaining(['key 0', 'key 7', 'new']));
    expect(slots).not.toContain('key 8');
    expect(slots).not.toContain('key 999');
    expect(unreadable).toBe(1);
    await store.commit({ op: 'forget', topic: 'run' });
    expect(await store.load('run')).toEqual({ head: null, rows: [], unreadable: 0 });
  });

  const newRows = () => {
    const identity = crypto.randomUUID();
    return () => newStore(identity);
  };
  for (const { name, run } of stateStoreConformance(newRows)) it(name, run);

  it('leaves out rows that cannot be read, and tells how many', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open(ANN);
    await store.commit(save('run', ['a', 'b']));
    await store.commit(save('other', ['a']));
    store.close();
    const db = await openDB(stateName(APP, identity));
    await db.put('state', { topic: 'run', slot: 'b', item: 'no item' }, ['run', 'b']);
    await db.put('state', { topic: 'other', epoch: 7 }, 'other');
    db.close();
    const found = await store.open(ANN);
    expect(found).toMatchObject({ heads: [{ topic: 'run' }], unreadable: 1 });
    const { rows, unreadable } = await store.load('run');
    expect([rows.map(({ slot }) => slot), unreadable]).toEqual([['a'], 1]);
    expect((await store.load('other')).head).toBeNull();
  });

  it('deletes a topic whose head cannot be read, whatever of it is broken, and tells it once', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open(ANN);
    const sound = { ...save('sound', []).head, clockAheadMs: -5, isAll: false };
    await store.commit({ ...save('sound', ['a']), head: sound });
    const broken = [
      ...['topic', 'epoch', 'offset', 'lastSeen', 'savedAt', 'size', 'clockAheadMs', 'isAll'].flatMap(
        (field) => [null, {}, Number.NaN, -0.5].map((value) => ({ [field]: value })),
      ),
      { topic: 'sound' },
      { size: -1 },
      { offset: 1.5 },
      { savedAt: Number.POSITIVE_INFINITY },
    ].filter(
      (change) =>
        !['lastSeen', 'savedAt', 'clockAheadMs'].some(
          (field) => change[field as keyof typeof change] === -0.5,
        ),
    );
    for (const [i] of broken.entries())
      await store.commit({ ...save(`t${i}`, ['a', 'b']), isWhole: i % 2 === 0 });
    const db = await openDB(stateName(APP, identity));
    for (const [i, change] of broken.entries())
      await db.put('state', { ...save(`t${i}`, []).head, ...change }, `t${i}`);
    expect(await store.open(ANN)).toEqual({ heads: [sound], unreadable: broken.length });
    expect(await db.getAllKeys('state')).toEqual([0, 'sound', ['sound', 'a']]);
    expect(await store.open(ANN)).toEqual({ heads: [sound], unreadable: 0 });
    await db.put('state', 'no head', 'sound');
    db.close();
    expect(await store.load('sound')).toMatchObject({ head: null, unreadable: 1 });
  });

  it('lies in a database of its own, which no transaction of the outbox waits for', async () => {
    const identity = crypto.randomUUID();
    const outbox = new IdbStore({ app: APP, identity, onLost: () => {} });
    onTestFinished(() => outbox.close());
    await outbox.open();
    const db = await openDB(stateName(APP, identity), undefined);
    db.close();
    indexedDB.deleteDatabase(stateName(APP, identity));
    const state = newStore(identity);
    await state.open(ANN);
    // A transaction over all of the state's tables, which is kept from ending.
    const held = await openDB(stateName(APP, identity));
    const tx = held.transaction([...held.objectStoreNames], 'readwrite');
    let isHeld = true;
    const spin = (): void => {
      if (isHeld) tx.objectStore('state').get(0).then(spin);
    };
    spin();
    const written = state.commit(save('run', ['a']));
    let isWritten = false;
    written.then(() => {
      isWritten = true;
    });
    await outbox.commit({ durability: 'strict', ops: [put(entry('decision', 1))] });
    expect(isWritten).toBe(false);
    isHeld = false;
    await written;
    held.close();
  });

  it('fails where nothing is answered in time', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity, 50);
    await store.open(ANN);
    const db = await openDB(stateName(APP, identity));
    const tx = db.transaction([...db.objectStoreNames], 'readwrite');
    let isHeld = true;
    const spin = (): void => {
      if (isHeld) tx.objectStore('state').get(0).then(spin);
    };
    spin();
    await expectFailure(store.commit(save('run', ['a'])), 'failed');
    isHeld = false;
    await tx.done;
    db.close();
  });

  it('lets whoever deletes the database have it, and fails from then on', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open(ANN);
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase(stateName(APP, identity));
      request.onsuccess = () => resolve();
      request.onblocked = () => reject(new Error('it is held'));
    });
    await expectFailure(store.commit(save('run', ['a'])), 'failed');
  });
});
