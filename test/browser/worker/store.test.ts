import { openDB } from 'idb';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { scopeName } from '../../../src/protocol/names.ts';
import { storeConformance } from '../../../testing/conformance/store.ts';
import { IdbStore } from '../../../worker/browser/store/idb-store.ts';
import { FORMAT } from '../../../worker/browser/store/schema.ts';
import { cursor, entry, expectFailure, outcome, put } from '../../support/store-rows.ts';

const APP = 'store-test';
const lost: string[] = [];
const newStore = (identity: string, timeoutMs = 10_000, app = APP) => {
  const store = new IdbStore({
    app,
    identity,
    timeoutMs,
    onLost: ({ failure, message }) => lost.push(`${failure}: ${message}`),
  });
  onTestFinished(() => store.close());
  return store;
};
afterEach(() => {
  lost.length = 0;
});

describe('the IndexedDB store', () => {
  const newRows = () => {
    const identity = crypto.randomUUID();
    return () => newStore(identity);
  };
  for (const { name, run } of storeConformance(newRows)) it(name, run);

  it('keeps the rows of two identities apart', async () => {
    const [ada, bob] = [newStore(crypto.randomUUID()), newStore(crypto.randomUUID())];
    const [{ meta }] = await Promise.all([ada.open(), bob.open()]);
    await ada.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
    const { entries, meta: bobs } = await bob.open();
    expect(entries).toEqual([]);
    expect(bobs.clientId).not.toBe(meta.clientId);
  });

  it('asks for the durability of each transaction, and for strict when it takes over', async () => {
    const asked: (string | undefined)[] = [];
    replaceTransaction(({ durability }) => asked.push(durability));
    const store = newStore(crypto.randomUUID());
    await store.open();
    await store.commit({ durability: 'relaxed', ops: [] });
    await store.commit({ durability: 'strict', ops: [] });
    expect(asked).toEqual(['strict', 'relaxed', 'strict']);
  });

  it('skips rows that cannot be read, tells of them, and leaves them where they are', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open();
    await store.commit({
      durability: 'strict',
      ops: [
        put(entry('good', 1)),
        { op: 'put', table: 'outcomes', row: outcome('good') },
        { op: 'put', table: 'cursors', row: cursor('good', 1) },
      ],
    });
    const rows = {
      entries: [
        { id: 'bad', seq: 'two' },
        { ...entry('odd', 3), fate: { state: 'eaten' } },
      ],
      outcomes: [{ id: 'bad' }],
      cursors: [{ topic: 'bad', offset: null }],
    };
    const db = await openDB(scopeName(APP, identity));
    for (const [table, bad] of Object.entries(rows)) for (const row of bad) await db.put(table, row);
    const { entries, outcomes, cursors, unreadable } = await store.open();
    expect(entries).toEqual([entry('good', 1)]);
    expect(outcomes).toEqual([outcome('good')]);
    expect(cursors).toEqual([cursor('good', 1)]);
    expect(unreadable).toEqual([
      { table: 'entries', key: 'bad' },
      { table: 'entries', key: 'odd' },
      { table: 'outcomes', key: 'bad' },
      { table: 'cursors', key: 'bad' },
    ]);
    expect(await db.get('entries', 'bad')).toEqual({ id: 'bad', seq: 'two' });
    db.close();
  });

  it('begins a new meta where the stored one cannot be read, and keeps the rows', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open();
    await store.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
    const db = await openDB(scopeName(APP, identity));
    await db.put('meta', { clientId: 7 }, 'meta');
    db.close();
    // It is nobody else's term either: opened anew, the store goes on.
    await expectFailure(store.commit({ durability: 'strict', ops: [put(entry('b', 2))] }), 'failed');
    const { meta, entries, unreadable } = await store.open();
    expect(meta.term).toBe(1);
    expect(entries).toEqual([entry('a', 1)]);
    expect(unreadable).toEqual([{ table: 'meta', key: 'meta' }]);
    await store.commit({ durability: 'strict', ops: [put(entry('b', 2))] });
  });

  it('stays away from a newer format', async () => {
    const identity = crypto.randomUUID();
    (await openDB(scopeName(APP, identity), FORMAT + 1)).close();
    await expectFailure(newStore(identity).open(), 'newer_format');
  });

  it('makes way for an upgrade, and says so', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open();
    (await openDB(scopeName(APP, identity), FORMAT + 1)).close();
    expect(lost).toEqual([expect.stringMatching(/^failed: .* somebody makes it format/)]);
    await expectFailure(store.commit({ durability: 'strict', ops: [put(entry('a', 1))] }), 'failed');
    await expectFailure(store.open(), 'newer_format');
  });

  it('makes way for a deletion, says so, and opens anew', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    const { meta } = await store.open();
    await deleted(scopeName(APP, identity));
    expect(lost).toEqual([expect.stringMatching(/^failed: .* somebody deletes it$/)]);
    await expectFailure(store.commit({ durability: 'strict', ops: [] }), 'failed');
    const again = await store.open();
    expect(again.meta.term).toBe(1);
    expect(again.meta.clientId).not.toBe(meta.clientId);
    await store.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
  });

  it('gives up on a connection that does not make way, and opens once it has', async () => {
    const identity = crypto.randomUUID();
    const name = scopeName(APP, identity);
    const holder = await rawOpen(name);
    const deleting = deleted(name);
    const store = newStore(identity, 100);
    // While the deletion waits for the holder, every opening waits for the deletion.
    await expectFailure(store.open(), 'blocked');
    holder.close();
    await deleting;
    await expect.poll(() => store.open().then(({ meta }) => meta.term)).toBeGreaterThan(0);
  });

  it('does not leave a transaction behind that it gave up on', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity, 150);
    await store.open();
    const release = await occupy(identity);
    await expectFailure(store.commit({ durability: 'strict', ops: [put(entry('late', 1))] }), 'failed');
    await release();
    expect((await newStore(identity).open()).entries).toEqual([]);
  });

  it('does not know what becomes of a transaction that cannot be taken back any more', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity, 1_000);
    await store.open();
    // As for one that is being committed.
    replaceAbort(() => {
      throw new DOMException('it is being committed', 'InvalidStateError');
    });
    const release = await occupy(identity);
    await expectFailure(store.commit({ durability: 'strict', ops: [put(entry('late', 1))] }), 'unknown');
    // What is opened then waits for its end.
    const again = newStore(identity).open();
    await release();
    expect((await again).entries).toEqual([entry('late', 1)]);
  });

  it('does not take a machine that slept for one whose disk hangs', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open();
    const release = await occupy(identity);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const written = store.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
    // It wakes up: whatever was due in the meantime is, once.
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0));
    vi.runOnlyPendingTimers();
    vi.runOnlyPendingTimers();
    vi.useRealTimers();
    await release();
    await written;
  });

  it('goes on when the browser has closed its connection, with its term, and without a word', async () => {
    const identity = crypto.randomUUID();
    const connections = watchConnections();
    const store = newStore(identity);
    const { meta } = await store.open();
    for (const id of ['a', 'b', 'c']) {
      connections.at(-1)?.close();
      await store.commit({ durability: 'strict', ops: [put(entry(id, 1))] });
    }
    connections.at(-1)?.close();
    connections.at(-1)?.dispatchEvent(new Event('close'));
    await store.commit({ durability: 'strict', ops: [put(entry('d', 1))] });
    expect(lost).toEqual([]);
    const { meta: found, entries } = await newStore(identity).open();
    expect(found.term).toBe(meta.term + 1);
    expect(entries.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does once more what the browser has aborted', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open();
    const isAborted = abortAfterPut();
    await store.commit({ durability: 'strict', ops: [put(entry('a', 1))] });
    expect(isAborted()).toBe(true);
    expect((await newStore(identity).open()).entries).toEqual([entry('a', 1)]);
  });

  it('does not know what the browser has aborted in mid-commit, where the next try fails as well', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open();
    const isAborted = abortAfterPut();
    replaceTransaction(() => {
      if (isAborted()) throw new DOMException('the connection was closed', 'InvalidStateError');
    });
    await expectFailure(store.commit({ durability: 'strict', ops: [put(entry('a', 1))] }), 'unknown');
    expect(isAborted()).toBe(true);
  });

  it('is fenced where another one has taken over while it had no connection, and says so unasked', async () => {
    const identity = crypto.randomUUID();
    const connections = watchConnections();
    const former = newStore(identity);
    await former.open();
    const [connection] = connections;
    connection?.close();
    const latter = newStore(identity);
    const { meta } = await latter.open();
    connection?.dispatchEvent(new Event('close'));
    await expect.poll(() => lost).toEqual([expect.stringMatching(/^fenced: another hub took/)]);
    await expectFailure(former.open(), 'fenced');
    expect((await newStore(identity).open()).meta.term).toBe(meta.term + 1);
  });

  it('says so where the rows went with the connection', async () => {
    const identity = crypto.randomUUID();
    const connections = watchConnections();
    const store = newStore(identity);
    await store.open();
    const [connection] = connections;
    connection?.close();
    await deleted(scopeName(APP, identity));
    connection?.dispatchEvent(new Event('close'));
    await expect.poll(() => lost).toEqual([expect.stringMatching(/^failed: .* is gone, or cannot be read/)]);
    expect((await store.open()).meta.term).toBe(1);
  });

  it('takes a whole transaction back where one row cannot be stored', async () => {
    const identity = crypto.randomUUID();
    const store = newStore(identity);
    await store.open();
    const broken = { ...entry('b', 2), command: { type: 'x', f: () => {} } };
    // @ts-expect-error: a function is not JSON
    const ops = [put(entry('a', 1)), put(broken)];
    await expectFailure(store.commit({ durability: 'strict', ops }), 'failed');
    expect((await newStore(identity).open()).entries).toEqual([]);
  });

  it('is unavailable where there is no IndexedDB', async () => {
    replaceIndexedDB(undefined);
    await expectFailure(newStore('nobody').open(), 'unavailable');
  });

  it('is full where the quota is exceeded, and still takes what fits', async () => {
    const name = crypto.randomUUID();
    const bucket = await navigator.storageBuckets.open(name, { quota: 1_000_000 });
    replaceIndexedDB(bucket.indexedDB);
    onTestFinished(() => navigator.storageBuckets.delete(name));
    const store = newStore(crypto.randomUUID());
    await store.open();
    const bulky = { ...entry('bulky', 1), command: { type: 'x', text: 'x'.repeat(2_000_000) } };
    await expectFailure(store.commit({ durability: 'strict', ops: [put(bulky)] }), 'full');
    await store.commit({ durability: 'strict', ops: [put(entry('small', 2))] });
    expect((await store.open()).entries).toEqual([entry('small', 2)]);
  });
});

describe('the database of an app whose name has a colon', () => {
  const COLON = 'store:test';
  /** As an older build has left it: under the name that it shares with app `store` and identity `test:…`. */
  async function leaveFormer(identity: string): Promise<string> {
    const [former] = ['store', `test:${identity}`];
    const store = newStore(`test:${identity}`, 10_000, former);
    await store.open();
    await store.commit({
      durability: 'strict',
      ops: [
        put(entry('a', 1)),
        { op: 'put', table: 'outcomes', row: outcome('b') },
        { op: 'set', fields: { principal: 'ada' } },
      ],
    });
    const { meta } = await store.open();
    store.close();
    return meta.clientId;
  }
  const formerExists = async (identity: string) =>
    (await indexedDB.databases()).some(({ name }) => name === `trunkline:${COLON}:${identity}`);

  it('is moved from the name that another app and identity could have, and with its own term', async () => {
    const identity = crypto.randomUUID();
    const clientId = await leaveFormer(identity);
    const { meta, entries, outcomes } = await newStore(identity, 10_000, COLON).open();
    expect(meta).toMatchObject({ clientId, principal: 'ada', term: 4 });
    expect([entries, outcomes]).toEqual([[entry('a', 1)], [outcome('b')]]);
    await expect.poll(() => formerExists(identity)).toBe(false);
    expect((await newStore(identity, 10_000, COLON).open()).entries).toEqual([entry('a', 1)]);
  });

  it('is moved once, also where the browser dies before the old one is deleted', async () => {
    const identity = crypto.randomUUID();
    await leaveFormer(identity);
    const { deleteDatabase } = IDBFactory.prototype;
    IDBFactory.prototype.deleteDatabase = () => new EventTarget() as IDBOpenDBRequest;
    onTestFinished(() => {
      IDBFactory.prototype.deleteDatabase = deleteDatabase;
    });
    const store = newStore(identity, 1_000, COLON);
    await store.open();
    await store.commit({ durability: 'strict', ops: [{ op: 'delete', table: 'entries', key: 'a' }] });
    store.close();
    const isFree = async () =>
      !(await navigator.locks.query()).held?.some(
        ({ name }) => name === `trunkline:${COLON}:${identity}:owner`,
      );
    await expect.poll(isFree).toBe(true);
    IDBFactory.prototype.deleteDatabase = deleteDatabase;
    expect(await formerExists(identity)).toBe(true);
    expect((await newStore(identity, 10_000, COLON).open()).entries).toEqual([]);
    await expect.poll(() => formerExists(identity)).toBe(false);
  });

  it('stays where it is when its rows cannot be put, and is moved the next time', async () => {
    const identity = crypto.randomUUID();
    await leaveFormer(identity);
    const { put: original } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...args) {
      if (this.name === 'entries') throw new DOMException('there is no room', 'QuotaExceededError');
      return original.apply(this, args);
    };
    onTestFinished(() => {
      IDBObjectStore.prototype.put = original;
    });
    await expectFailure(newStore(identity, 10_000, COLON).open(), 'full');
    IDBObjectStore.prototype.put = original;
    await expect
      .poll(async () => {
        const { entries } = await newStore(identity, 10_000, COLON).open();
        return entries;
      })
      .toEqual([entry('a', 1)]);
  });

  it('is left alone while a hub of an older build owns it, and moved when that is gone', async () => {
    const identity = crypto.randomUUID();
    await leaveFormer(identity);
    let release = () => {};
    const held = navigator.locks.request(
      `trunkline:${COLON}:${identity}:owner`,
      () =>
        new Promise<void>((done) => {
          release = done;
        }),
    );
    expect((await newStore(identity, 10_000, COLON).open()).entries).toEqual([]);
    release();
    await held;
    expect((await newStore(identity, 10_000, COLON).open()).entries).toEqual([entry('a', 1)]);
  });
});

/** https://developer.mozilla.org/docs/Web/API/Storage_API#storage_buckets; TypeScript's DOM library lacks them. */
declare global {
  interface Navigator {
    storageBuckets: {
      open(name: string, options: { quota: number }): Promise<{ indexedDB: IDBFactory }>;
      delete(name: string): Promise<void>;
    };
  }
}

/** For the current test. */
function replaceIndexedDB(value: IDBFactory | undefined): void {
  const original = globalThis.indexedDB;
  Object.defineProperty(globalThis, 'indexedDB', { value, configurable: true });
  onTestFinished(
    () => void Object.defineProperty(globalThis, 'indexedDB', { value: original, configurable: true }),
  );
}

/** Another connection's transaction, which all others wait for until the answer is called. */
async function occupy(identity: string): Promise<() => Promise<void>> {
  const db = await openDB(scopeName(APP, identity));
  const busy = db.transaction('entries', 'readwrite');
  let isOver = false;
  const keepBusy = async () => {
    while (!isOver) await busy.store.get('x');
  };
  const kept = keepBusy();
  return async () => {
    isOver = true;
    await Promise.all([kept, busy.done]);
    db.close();
  };
}

/** Those that a transaction is made on, oldest first. */
function watchConnections(): IDBDatabase[] {
  const connections: IDBDatabase[] = [];
  replaceTransaction(({ db }) => {
    if (!connections.includes(db)) connections.push(db);
  });
  return connections;
}

/** For the current test: the transaction of the next put, with its last request behind it, so that none fails. */
function abortAfterPut(): () => boolean {
  let isAborted = false;
  const original = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...args) {
    const request = original.apply(this, args);
    request.addEventListener('success', () => {
      if (!isAborted) this.transaction.abort();
      isAborted = true;
    });
    return request;
  };
  onTestFinished(() => {
    IDBObjectStore.prototype.put = original;
  });
  return () => isAborted;
}

/** For the current test: `made` sees each transaction before anybody else. */
function replaceTransaction(made: (tx: IDBTransaction) => void): void {
  const original = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (...args) {
    const tx = original.apply(this, args);
    made(tx);
    return tx;
  };
  onTestFinished(() => {
    IDBDatabase.prototype.transaction = original;
  });
}

/** For the current test. */
function replaceAbort(abort: () => void): void {
  const original = IDBTransaction.prototype.abort;
  IDBTransaction.prototype.abort = abort;
  onTestFinished(() => {
    IDBTransaction.prototype.abort = original;
  });
}

/** Opened by hand, so that nothing makes it close on `versionchange`. */
function rawOpen(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, FORMAT);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function deleted(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}
