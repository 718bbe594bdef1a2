/** What every `Store` must do, for any test runner: our own run it against IndexedDB in a browser, and against memory. */
import type {
  LoadedState,
  Store,
  StoredCursor,
  StoredEntry,
  StoredOutcome,
  StoreOp,
} from '../../worker/core/store.ts';
import { type ConformanceCheck, expectFailure, isTrue, same } from './check.ts';

interface Scene {
  newStore(): Store;
  /** What a store finds that opens now. */
  reload(): Promise<LoadedState>;
}

/**
 * @param newRows called for each check: a place for rows that nobody has used, as a function that makes stores which all
 * work on it.
 * @example for (const { name, run } of storeConformance(newRows)) test(name, run);
 */
export function storeConformance(newRows: () => () => Store): ConformanceCheck[] {
  return checks().map(({ name, check }) => ({
    name,
    async run() {
      const makeStore = newRows();
      const made: Store[] = [];
      const newStore = () => {
        const store = makeStore();
        made.push(store);
        return store;
      };
      try {
        await check({ newStore, reload: async () => await newStore().open() });
      } finally {
        for (const store of made) store.close();
      }
    },
  }));
}

function checks(): { name: string; check: (scene: Scene) => Promise<void> }[] {
  const all: { name: string; check: (scene: Scene) => Promise<void> }[] = [];
  const check = (name: string, run: (scene: Scene) => Promise<void>) => all.push({ name, check: run });

  check('begins empty, at term 1, with a client id that is a uuid', async ({ reload }) => {
    const { meta, entries, outcomes, cursors } = await reload();
    isTrue(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(meta.clientId), 'the client id is a uuid');
    same([meta.term, meta.principal], [1, null]);
    same([entries, outcomes, cursors], [[], [], []]);
  });

  check('raises the term at each opening and keeps the client id', async ({ reload }) => {
    const first = await reload();
    const second = await reload();
    same(second.meta, { ...first.meta, term: 2 });
  });

  check('gives two stores that open at once two terms', async ({ reload }) => {
    const [one, other] = await Promise.all([reload(), reload()]);
    same([one.meta.term, other.meta.term].sort(), [1, 2]);
    same(one.meta.clientId, other.meta.clientId);
  });

  check('gives back what was committed', async ({ newStore, reload }) => {
    const store = newStore();
    await store.open();
    await store.commit({
      durability: 'strict',
      ops: [put(entry('a', 1)), put(entry('b', 2)), { op: 'put', table: 'outcomes', row: outcome('c') }],
    });
    await store.commit({
      durability: 'relaxed',
      ops: [
        { op: 'put', table: 'cursors', row: cursor('run:42', 7) },
        { op: 'set', fields: { principal: 'ada' } },
      ],
    });
    const state = await reload();
    same(state.entries, [entry('a', 1), entry('b', 2)]);
    same(state.outcomes, [outcome('c')]);
    same(state.cursors, [cursor('run:42', 7)]);
    same(state.meta.principal, 'ada');
    const later = newStore();
    await later.open();
    const clientId = '11111111-0000-4000-8000-000000000001';
    await later.commit({
      durability: 'strict',
      ops: [
        { op: 'set', fields: { principal: 'bob' } },
        { op: 'set', fields: { clientId } },
      ],
    });
    const { meta } = await reload();
    same([meta.clientId, meta.principal], [clientId, 'bob']);
  });

  check(
    'empties a table of what was there, not of what comes after, and keeps who was signed out and what is suspect',
    async ({ newStore, reload }) => {
      const store = newStore();
      await store.open();
      await store.commit({ durability: 'relaxed', ops: [put(entry('a', 1))] });
      const endedSessions = { signOuts: 2, at: 1_700_000_000_000, ids: ['one', 'other'] };
      await store.commit({
        durability: 'strict',
        ops: [
          put(entry('b', 2)),
          { op: 'set', fields: { endedSessions, suspects: ['b', 'b'] } },
          { op: 'clear', table: 'entries' },
          put(entry('c', 3)),
        ],
      });
      const { meta, entries } = await reload();
      same(entries, [entry('c', 3)]);
      same(meta.endedSessions, endedSessions);
      same(meta.suspects, ['b', 'b']);
    },
  );

  check('replaces rows of the same key, and deletes', async ({ newStore, reload }) => {
    const store = newStore();
    await store.open();
    const ops: StoreOp[] = [
      put(entry('a', 1)),
      put(entry('b', 2)),
      { op: 'put', table: 'outcomes', row: outcome('old') },
      { op: 'put', table: 'cursors', row: cursor('t', 1) },
      { op: 'put', table: 'cursors', row: cursor('u', 1) },
    ];
    await store.commit({ durability: 'relaxed', ops });
    await store.commit({
      durability: 'relaxed',
      ops: [
        put({ ...entry('a', 1), maybeSent: true, attempt: 1 }),
        { op: 'delete', table: 'entries', key: 'b' },
        { op: 'put', table: 'outcomes', row: outcome('b') },
        { op: 'delete', table: 'outcomes', key: 'old' },
        { op: 'put', table: 'cursors', row: cursor('t', 2) },
        { op: 'delete', table: 'cursors', key: 'u' },
      ],
    });
    const state = await reload();
    same(state.entries, [{ ...entry('a', 1), maybeSent: true, attempt: 1 }]);
    same(state.outcomes, [outcome('b')]);
    same(state.cursors, [cursor('t', 2)]);
  });

  check(
    'does the operations of a transaction, and transactions made at once, in their order',
    async ({ newStore, reload }) => {
      const store = newStore();
      await store.open();
      await Promise.all([
        store.commit({
          durability: 'strict',
          ops: [put(entry('a', 1)), { op: 'delete', table: 'entries', key: 'a' }],
        }),
        store.commit({ durability: 'relaxed', ops: [put(entry('b', 2))] }),
        store.commit({ durability: 'strict', ops: [put(entry('b', 3))] }),
        store.commit({ durability: 'relaxed', ops: [] }),
      ]);
      same((await reload()).entries, [entry('b', 3)]);
    },
  );

  check(
    'fences the former store off: its transaction changes nothing, now and later',
    async ({ newStore, reload }) => {
      const former = newStore();
      await former.open();
      await former.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
      const latter = newStore();
      await latter.open();
      const ops: StoreOp[] = [
        put(entry('b', 2)),
        { op: 'delete', table: 'entries', key: 'a' },
        { op: 'set', fields: { principal: 'eve' } },
      ];
      await expectFailure(former.commit({ durability: 'strict', ops }), 'fenced');
      await expectFailure(former.commit({ durability: 'strict', ops: [] }), 'fenced');
      await latter.commit({ durability: 'strict', ops: [put(entry('c', 3))] });
      const state = await reload();
      same(state.entries, [entry('a', 1), entry('c', 3)]);
      same(state.meta.principal, null);
    },
  );

  check(
    'fences off a transaction that was still under way when another store took over',
    async ({ newStore, reload }) => {
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
      same((await taken).entries.length, written);
    },
  );

  check(
    'fails before it is opened and after it is closed, and can be opened again',
    async ({ newStore, reload }) => {
      const store = newStore();
      const write = () => store.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
      await expectFailure(write(), 'failed');
      await store.open();
      store.close();
      await expectFailure(write(), 'failed');
      same((await store.open()).meta.term, 2);
      await write();
      same((await reload()).entries, [entry('a', 1)]);
    },
  );

  check(
    'is fenced off, and raises no term, where it is opened again after another store took over',
    async ({ newStore, reload }) => {
      const former = newStore();
      await former.open();
      former.close();
      const latter = newStore();
      const { meta } = await latter.open();
      await expectFailure(former.open(), 'fenced');
      await latter.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
      same((await reload()).meta.term, meta.term + 1);
    },
  );

  check('rejects an opening that is overtaken by a close', async ({ newStore }) => {
    const store = newStore();
    const opening = store.open();
    store.close();
    await expectFailure(opening, 'failed');
  });
  return all;
}

function entry(id: string, seq: number): StoredEntry {
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
function outcome(id: string): StoredOutcome {
  return {
    id,
    at: 1_700_000_000_001,
    command: { type: 'human_decision', gate: id },
    outcome: { status: 'accepted', duplicate: false, result: { by: 'ada' } },
  };
}
function cursor(topic: string, offset: number): StoredCursor {
  return { topic, epoch: 'e1', offset, lastSeen: 1_700_000_000_002, savedAt: 1_700_000_000_003 };
}
function put(row: StoredEntry): StoreOp {
  return { op: 'put', table: 'entries', row };
}
