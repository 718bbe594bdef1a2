/** What every `StateStore` must do, for any test runner: our own run it against IndexedDB in a browser, and against memory. */
import type {
  SavedHead,
  SavedRow,
  Slot,
  StateOp,
  StateOwner,
  StateStore,
} from '../../worker/core/state-store.ts';
import { type ConformanceCheck, expectFailure, same } from './check.ts';

/**
 * @param newRows called for each check: a place for rows that nobody has used, as a function that makes stores which all
 * work on it.
 * @example for (const { name, run } of stateStoreConformance(newRows)) test(name, run);
 */
export function stateStoreConformance(newRows: () => () => StateStore): ConformanceCheck[] {
  return Object.entries(checks).map(([name, check]) => ({
    name,
    async run() {
      const makeStore = newRows();
      const made: StateStore[] = [];
      const newStore = () => {
        const store = makeStore();
        made.push(store);
        return store;
      };
      try {
        await check(newStore);
      } finally {
        for (const store of made) store.close();
      }
    },
  }));
}

const ANN: StateOwner = { principal: 'ann', signOuts: 0, databaseId: 'd1' };
const ownedBy = (clientId: string, term: number): StateOwner => ({ ...ANN, ownership: { clientId, term } });

const checks: Record<string, (newStore: () => StateStore) => Promise<void>> = {
  async 'begins empty'(newStore) {
    const store = newStore();
    same(await store.open(ANN), { heads: [], unreadable: 0 });
    same(await store.load('run'), { head: null, rows: [], unreadable: 0 });
  },

  async 'gives back what was written, topic by topic, to whoever opens it for the same owner'(newStore) {
    const store = newStore();
    await store.open(ANN);
    await store.commit(save('run', 7, ['a', 3, 'b']));
    await store.commit(save('runs', 2, ['a']));
    const later = newStore();
    same(await later.open({ ...ANN }), { heads: [head('run', 7), head('runs', 2)], unreadable: 0 });
    const { rows, ...rest } = await later.load('run');
    same(rest, { head: head('run', 7), unreadable: 0 });
    same(inOrder(rows), inOrder([row('run', 'a'), row('run', 3), row('run', 'b')]));
  },

  async 'changes the rows that it is told to, or replaces all of a topic'(newStore) {
    const store = newStore();
    await store.open(ANN);
    await store.commit(save('run', 7, ['a', 'b', 'c', 5]));
    await store.commit(save('other', 1, ['a']));
    await store.commit(save('run', 8, ['c', 6], { gone: ['a', 5, 'never there'], text: 'new' }));
    const slots = async () => inOrder((await store.load('run')).rows).map(({ slot }) => slot);
    same(await slots(), [6, 'b', 'c']);
    same(
      (await store.load('run')).rows.find(({ slot }) => slot === 'c'),
      row('run', 'c', 'new'),
    );
    await store.commit(save('run', 9, ['z'], { isWhole: true }));
    same(await slots(), ['z']);
    same((await store.load('run')).head, head('run', 9));
    same((await store.load('other')).rows, [row('other', 'a')]);
  },

  async 'tells a key that is a number in words from an offset'(newStore) {
    const store = newStore();
    await store.open(ANN);
    await store.commit(save('run', 7, ['5', 5]));
    await store.commit(save('run', 8, [], { gone: ['5'] }));
    same((await store.load('run')).rows, [row('run', 5)]);
  },

  async 'forgets a topic, or all of them'(newStore) {
    const store = newStore();
    await store.open(ANN);
    for (const topic of ['run', 'run:1', 'other']) await store.commit(save(topic, 1, ['a']));
    await store.commit({ op: 'forget', topic: 'run' });
    same(await store.load('run'), { head: null, rows: [], unreadable: 0 });
    same((await store.load('run:1')).rows, [row('run:1', 'a')]);
    await store.commit({ op: 'clear' });
    same(await newStore().open(ANN), { heads: [], unreadable: 0 });
    const again = newStore();
    await again.open(ANN);
    same((await again.load('other')).rows, []);
  },

  async 'deletes what is of another person, another database, or before a sign-out'(newStore) {
    for (const other of [{ principal: 'bob' }, { principal: null }, { signOuts: 1 }, { databaseId: 'd2' }]) {
      const store = newStore();
      await store.open(ANN);
      await store.commit(save('run', 1, ['a']));
      same((await newStore().open({ ...ANN, ...other })).heads, []);
      const back = newStore();
      same((await back.open(ANN)).heads, []);
      same((await back.load('run')).rows, []);
    }
  },

  async 'fences the former store off: it writes nothing any more'(newStore) {
    const former = newStore();
    await former.open(ANN);
    await former.commit(save('run', 1, ['a']));
    const latter = newStore();
    await latter.open(ANN);
    await expectFailure(former.commit({ op: 'clear' }), 'fenced');
    same((await latter.load('run')).rows, [row('run', 'a')]);
  },

  async 'gives the former store nothing to read of what another one keeps'(newStore) {
    const former = newStore();
    await former.open(ANN);
    await newStore().open({ ...ANN, principal: 'bob' });
    await expectFailure(former.load('run'), 'fenced');
  },

  async 'is not taken over for an earlier ownership, which changes nothing'(newStore) {
    const latter = newStore();
    await latter.open(ownedBy('c1', 7));
    await latter.commit(save('run', 1, ['a']));
    const former = newStore();
    for (const other of [{}, { principal: 'bob' }])
      await expectFailure(former.open({ ...ownedBy('c1', 6), ...other }), 'fenced');
    await expectFailure(former.commit({ op: 'clear' }), 'fenced');
    await expectFailure(former.load('run'), 'fenced');
    same((await latter.load('run')).rows, [row('run', 'a')]);
    await latter.commit(save('run', 2, ['b']));
  },

  async 'is taken over for the same ownership, a later one, that of another client, or one that is not known'(
    newStore,
  ) {
    for (const owner of [ownedBy('c1', 7), ownedBy('c1', 7), ownedBy('c1', 8), ownedBy('c2', 1), ANN, ANN]) {
      const store = newStore();
      await store.open(owner);
      await store.commit(save('run', 1, ['a']));
    }
    same((await newStore().open(ownedBy('c1', 1))).heads, [head('run', 1)]);
  },

  async 'does what is asked for in its order, also before it is open'(newStore) {
    const store = newStore();
    const opened = store.open(ANN);
    const written = [save('run', 1, ['a']), save('run', 2, ['b'])].map((op) => store.commit(op));
    const loaded = store.load('run');
    await Promise.all([opened, ...written]);
    const { head: found, rows } = await loaded;
    same([found?.offset, inOrder(rows).map(({ slot }) => slot)], [2, ['a', 'b']]);
  },

  async 'fails before it is opened and after it is closed, and can be opened again'(newStore) {
    const store = newStore();
    await expectFailure(store.commit({ op: 'clear' }), 'failed');
    await expectFailure(store.load('run'), 'failed');
    await store.open(ANN);
    store.close();
    await expectFailure(store.commit({ op: 'clear' }), 'failed');
    await store.open(ANN);
    await store.commit(save('run', 1, ['a']));
  },
};

function save(
  topic: string,
  offset: number,
  slots: readonly Slot[],
  more: { gone?: Slot[]; isWhole?: boolean; text?: string } = {},
): StateOp {
  const { gone = [], isWhole = false, text } = more;
  return {
    op: 'save',
    head: head(topic, offset),
    isWhole,
    put: slots.map((slot) => row(topic, slot, text)),
    gone,
  };
}

function head(topic: string, offset: number): SavedHead {
  return { topic, epoch: 'e1', offset, lastSeen: 1_700_000_000_000, savedAt: 1_700_000_000_001, size: 100 };
}

function row(topic: string, slot: Slot, text = 'old'): SavedRow {
  return { topic, slot, item: { offset: 1, ts: 1_700_000_000_000, event: { type: 'said', text } }, size: 60 };
}

function inOrder(rows: readonly SavedRow[]): SavedRow[] {
  const name = ({ slot }: SavedRow) => `${typeof slot} ${slot}`;
  return [...rows].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}
