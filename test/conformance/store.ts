/** What every `Store` must do; run against IndexedDB in a browser, and against the fake in Node. */
import { afterEach, describe, expect, it } from 'vitest';
import type {
  LoadedState,
  Store,
  StoredCursor,
  StoredEntry,
  StoredOutcome,
  StoreFailure,
  StoreOp,
} from '../../worker/core/store.ts';

/** A place for rows, and stores that all work on it. */
export interface Rows {
  store(): Store;
}

export function storeConformance(name: string, newRows: () => Rows): void {
  describe(name, () => {
    const opened: Store[] = [];
    let rows = newRows();
    const newStore = () => {
      const store = rows.store();
      opened.push(store);
      return store;
    };
    const reload = async (): Promise<LoadedState> => await newStore().open();
    afterEach(() => {
      for (const store of opened.splice(0)) store.close();
      rows = newRows();
    });

    it('begins empty, at term 1, with a client id that is a uuid', async () => {
      const { meta, entries, outcomes, cursors } = await reload();
      expect(meta).toEqual({
        clientId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        term: 1,
        principal: null,
      });
      expect([entries, outcomes, cursors]).toEqual([[], [], []]);
    });

    it('raises the term at each opening and keeps the client id', async () => {
      const first = await reload();
      const second = await reload();
      expect(second.meta).toEqual({ ...first.meta, term: 2 });
    });

    it('gives two stores that open at once two terms', async () => {
      const [one, other] = await Promise.all([reload(), reload()]);
      expect([one.meta.term, other.meta.term].sort()).toEqual([1, 2]);
      expect(one.meta.clientId).toBe(other.meta.clientId);
    });

    it('gives back what was committed', async () => {
      const store = newStore();
      await store.open();
      await store.commit({
        durability: 'strict',
        ops: [put(entry('a', 1)), put(entry('b', 2)), { op: 'put_outcome', outcome: outcome('c') }],
      });
      await store.commit({
        durability: 'relaxed',
        ops: [
          { op: 'put_cursor', cursor: cursor('run:42', 7) },
          { op: 'put_principal', principal: 'ada' },
        ],
      });
      const state = await reload();
      expect(state.entries).toEqual([entry('a', 1), entry('b', 2)]);
      expect(state.outcomes).toEqual([outcome('c')]);
      expect(state.cursors).toEqual([cursor('run:42', 7)]);
      expect(state.meta.principal).toBe('ada');
      await store.open();
      const clientId = '11111111-0000-4000-8000-000000000001';
      await store.commit({
        durability: 'strict',
        ops: [
          { op: 'put_principal', principal: 'bob' },
          { op: 'put_client_id', clientId },
        ],
      });
      expect((await reload()).meta).toMatchObject({ clientId, principal: 'bob' });
    });

    it('replaces rows of the same key, and deletes', async () => {
      const store = newStore();
      await store.open();
      const ops: StoreOp[] = [
        put(entry('a', 1)),
        put(entry('b', 2)),
        { op: 'put_outcome', outcome: outcome('old') },
        { op: 'put_cursor', cursor: cursor('t', 1) },
        { op: 'put_cursor', cursor: cursor('u', 1) },
      ];
      await store.commit({ durability: 'relaxed', ops });
      await store.commit({
        durability: 'relaxed',
        ops: [
          put({ ...entry('a', 1), maybeSent: true, attempt: 1 }),
          { op: 'delete_entry', id: 'b' },
          { op: 'put_outcome', outcome: outcome('b') },
          { op: 'delete_outcome', id: 'old' },
          { op: 'put_cursor', cursor: cursor('t', 2) },
          { op: 'delete_cursor', topic: 'u' },
        ],
      });
      const state = await reload();
      expect(state.entries).toEqual([{ ...entry('a', 1), maybeSent: true, attempt: 1 }]);
      expect(state.outcomes).toEqual([outcome('b')]);
      expect(state.cursors).toEqual([cursor('t', 2)]);
    });

    it('does the operations of a transaction, and transactions made at once, in their order', async () => {
      const store = newStore();
      await store.open();
      await Promise.all([
        store.commit({ durability: 'strict', ops: [put(entry('a', 1)), { op: 'delete_entry', id: 'a' }] }),
        store.commit({ durability: 'relaxed', ops: [put(entry('b', 2))] }),
        store.commit({ durability: 'strict', ops: [put(entry('b', 3))] }),
        store.commit({ durability: 'relaxed', ops: [] }),
      ]);
      expect((await reload()).entries).toEqual([entry('b', 3)]);
    });

    it('fences the former store off: its transaction changes nothing, now and later', async () => {
      const former = newStore();
      await former.open();
      await former.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
      const latter = newStore();
      await latter.open();
      const ops: StoreOp[] = [
        put(entry('b', 2)),
        { op: 'delete_entry', id: 'a' },
        { op: 'put_principal', principal: 'eve' },
      ];
      await expectFailure(former.commit({ durability: 'strict', ops }), 'fenced');
      await expectFailure(former.commit({ durability: 'strict', ops: [] }), 'fenced');
      await latter.commit({ durability: 'strict', ops: [put(entry('c', 3))] });
      const state = await reload();
      expect(state.entries).toEqual([entry('a', 1), entry('c', 3)]);
      expect(state.meta.principal).toBeNull();
    });

    it('fences off a transaction that was still under way when another store took over', async () => {
      const former = newStore();
      await former.open();
      const taken = reload();
      const writes = Array.from({ length: 20 }, (_, i) =>
        former.commit({ durability: 'relaxed', ops: [put(entry(`e${String(i).padStart(2, '0')}`, i))] }).then(
          () => true,
          () => false,
        ),
      );
      const written = (await Promise.all(writes)).filter(Boolean).length;
      // Whatever it was told is stored was there for the store that took over.
      expect((await taken).entries).toHaveLength(written);
    });

    it('fails before it is opened and after it is closed, and can be opened again', async () => {
      const store = newStore();
      const write = () => store.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
      await expectFailure(write(), 'failed');
      await store.open();
      store.close();
      await expectFailure(write(), 'failed');
      expect((await store.open()).meta.term).toBe(2);
      await write();
      expect((await reload()).entries).toEqual([entry('a', 1)]);
    });

    it('rejects an opening that is overtaken by a close', async () => {
      const store = newStore();
      const opening = store.open();
      store.close();
      await expectFailure(opening, 'failed');
    });
  });
}

export async function expectFailure(promise: Promise<unknown>, failure: StoreFailure): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: 'StoreError', failure });
}

export function entry(id: string, seq: number): StoredEntry {
  return {
    id,
    seq,
    topic: 'run:42',
    priority: 'high',
    command: { type: 'human_decision', gate: `gate-${id}`, approved: true, notes: ['ok', null, 1.5] },
    appVersion: 1,
    dedupeKey: null,
    createdAt: 1_700_000_000_000,
    maybeSent: false,
    attempt: 0,
    firstSentAt: null,
    fate: { state: 'pending' },
  };
}
export function outcome(id: string): StoredOutcome {
  return {
    id,
    at: 1_700_000_000_001,
    command: { type: 'human_decision', gate: id },
    outcome: { status: 'accepted', duplicate: false, result: { by: 'ada' } },
  };
}
export function cursor(topic: string, offset: number): StoredCursor {
  return { topic, epoch: 'e1', offset, lastSeen: 1_700_000_000_002, savedAt: 1_700_000_000_003 };
}
export function put(row: StoredEntry): StoreOp {
  return { op: 'put_entry', entry: row };
}
