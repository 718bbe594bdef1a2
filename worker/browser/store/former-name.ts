/**
 * The database under the name that it had while names were not encoded. It is taken over as a whole: its rows are put into
 * the one of today in the transaction that takes that over, and then it is deleted. Whatever dies in between, the next one
 * to open finds it, and does what is left to do.
 */
import { openDB } from 'idb';
import { formerName } from '../../../src/protocol/names.ts';
import { type StoredMeta, StoreError } from '../../core/store.ts';
import { withDeadline } from './failure.ts';
import { FORMAT, META, TABLES, type Tables } from './schema.ts';
import type { Database, Writing } from './transaction.ts';

export interface Former {
  /** As it was stored. */
  readonly meta: StoredMeta | undefined;
  /** To be noted where its rows are put. */
  readonly mark: string;
  /** Whether they were put with this mark, and no hub of an older build has worked on it since. */
  isPut(mark: string | undefined): boolean;
  /** Puts what is not there under the same key. */
  fill(tx: Writing): Promise<void>;
  /** Deletes it, as far as it can be; it may be opened by others from then on. */
  end(isTaken: boolean): Promise<void>;
}

/**
 * `null`: there is none, or a hub of an older build works on it, and the next opening looks again.
 *
 * @param timeoutMs for each step.
 */
export async function openFormer(app: string, identity: string, timeoutMs: number): Promise<Former | null> {
  const name = formerName(app, identity);
  if (name === null) return null;
  const release = await holdIfFree(`${name}:owner`);
  if (!release) return null;
  const late = () => new StoreError('blocked', `${name} did not answer within ${timeoutMs} ms`);
  let db: Database | undefined;
  try {
    db = await withDeadline(openExisting(name), timeoutMs, late);
    if (db.version !== FORMAT) throw new StoreError('newer_format', `${name} is of another format`);
    return await withDeadline(read(db, name, release, timeoutMs), timeoutMs, late);
  } catch {
    // There is none, most often.
    db?.close();
    release();
    return null;
  }
}

async function read(db: Database, name: string, release: () => void, timeoutMs: number): Promise<Former> {
  const tx = db.transaction([...TABLES], 'readwrite', { durability: 'strict' });
  const [meta, ...tables] = await Promise.all([
    tx.objectStore('meta').get(META),
    ...ROWS.map((table) => tx.objectStore(table).getAll()),
  ]);
  // Whoever wrote here without the lock is fenced.
  const raised = meta && { ...meta, term: meta.term + 1 };
  if (raised) await tx.objectStore('meta').put(raised, META);
  await tx.done;
  return {
    meta: raised,
    mark: markOf(raised),
    isPut: (mark) => mark === markOf(meta),
    async fill(into) {
      await Promise.all(
        ROWS.map(async (table, index) => {
          const store = into.objectStore(table);
          const known = new Set<string>(await store.getAllKeys());
          for (const row of tables[index] ?? []) {
            const key = String(Object(row)[store.keyPath as string]);
            if (!known.has(key)) await store.put(row);
          }
        }),
      );
    },
    async end(isTaken) {
      db.close();
      if (isTaken) {
        const deleted = new Promise<void>((resolve) => {
          const request = indexedDB.deleteDatabase(name);
          request.onsuccess = () => resolve();
          request.onerror = () => resolve();
        });
        await withDeadline(deleted, timeoutMs, () => new StoreError('blocked', name)).catch(() => {});
      }
      release();
    },
  };
}

const markOf = (meta: StoredMeta | undefined) => `${meta?.clientId} ${meta?.term}`;

const ROWS = ['entries', 'outcomes', 'cursors'] as const;

/** @throws where there is none; it is not made. */
function openExisting(name: string): Promise<Database> {
  return openDB<Tables>(name, undefined, {
    upgrade(_db, _from, _to, tx) {
      tx.done.catch(() => {});
      tx.abort();
    },
    blocking: (_from, _to, event) => (event.target as IDBDatabase).close(),
  });
}

/** `null`: somebody has it. */
function holdIfFree(lock: string): Promise<(() => void) | null> {
  return new Promise((resolve) => {
    navigator.locks
      .request(lock, { ifAvailable: true }, (granted) => {
        if (!granted) return resolve(null);
        return new Promise<void>((release) => resolve(release));
      })
      .catch(() => resolve(null));
  });
}
