import { type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from 'idb';
import {
  type LoadedState,
  type Store,
  StoreError,
  type StoreOp,
  type StoreTransaction,
  type UnreadableRow,
} from '../../core/store.ts';
import { storeError, withDeadline } from './failure.ts';
import { isCursor, isEntry, isMeta, isOutcome } from './rows.ts';
import { databaseName, FORMAT, META, migrate, TABLES, type Tables } from './schema.ts';

/** Far beyond what a slow disk takes; after it the store counts as failed, and the hub goes on without it. */
const TIMEOUT_MS = 10_000;

const notOpen = () => new StoreError('failed', 'the store is not open');

type Database = IDBPDatabase<Tables>;
type Writing = IDBPTransaction<Tables, StoreNames<Tables>[], 'readwrite'>;
type Connection =
  | { state: 'closed'; why: StoreError }
  /** A new object for each attempt, so that a late one is known by it. */
  | { state: 'opening' }
  | { state: 'open'; db: Database; term: number };

export interface IdbStoreOptions {
  app: string;
  identity: string;
  onLost(why: StoreError): void;
  /** For opening and for each transaction. @default 10_000 */
  timeoutMs?: number;
}

/** The rows of one app and identity in IndexedDB. */
export class IdbStore implements Store {
  readonly #name: string;
  readonly #onLost: (why: StoreError) => void;
  readonly #timeoutMs: number;
  #connection: Connection = { state: 'closed', why: notOpen() };

  constructor({ app, identity, onLost, timeoutMs = TIMEOUT_MS }: IdbStoreOptions) {
    this.#name = databaseName(app, identity);
    this.#onLost = onLost;
    this.#timeoutMs = timeoutMs;
  }

  async open(): Promise<LoadedState> {
    this.close();
    if (typeof indexedDB === 'undefined') {
      throw new StoreError('unavailable', 'this browser has no IndexedDB here');
    }
    const opening: Connection = { state: 'opening' };
    this.#connection = opening;
    let db: Database | undefined;
    let lost: StoreError | undefined;
    try {
      db = await this.#connect((why) => {
        lost = why;
        if (this.#connection.state === 'open' && this.#connection.db === db) {
          this.#connection = { state: 'closed', why };
          this.#onLost(why);
        }
      });
      if (this.#connection !== opening) throw notOpen();
      const state = await this.#write(db, 'strict', 'take the rows over', (tx) => this.#takeOver(tx));
      if (this.#connection !== opening) throw notOpen();
      if (lost) throw lost;
      this.#connection = { state: 'open', db, term: state.meta.term };
      return state;
    } catch (error) {
      db?.close();
      const why = storeError(error, `open ${this.#name}`);
      if (this.#connection === opening) this.#connection = { state: 'closed', why };
      throw why;
    }
  }

  async commit({ ops, durability }: StoreTransaction): Promise<void> {
    const connection = this.#connection;
    if (connection.state === 'closed') throw connection.why;
    if (connection.state === 'opening') throw notOpen();
    const { db, term } = connection;
    try {
      await this.#write(db, durability, 'write', (tx) => apply(tx, ops, term));
    } catch (error) {
      const why = storeError(error, 'write');
      if (why.failure === 'fenced' && this.#connection === connection) this.#shut(why);
      throw why;
    }
  }

  close(): void {
    this.#shut(notOpen());
  }

  #shut(why: StoreError): void {
    if (this.#connection.state === 'open') this.#connection.db.close();
    this.#connection = { state: 'closed', why };
  }

  async #connect(onLost: (why: StoreError) => void): Promise<Database> {
    let late = false;
    const lose = (why: string) => onLost(new StoreError('failed', `${this.#name} was lost: ${why}`));
    const connecting = openDB<Tables>(this.#name, FORMAT, {
      upgrade: (db, from) => migrate(db, from),
      // Whoever upgrades or deletes the database waits for this.
      blocking: (_from, to, event) => {
        (event.target as IDBDatabase).close();
        lose(to === null ? 'somebody deletes it' : `somebody makes it format ${to}`);
      },
      // As when a person clears the site's data.
      terminated: () => lose('the browser closed it'),
    });
    connecting.then(
      (db) => {
        if (late) db.close();
      },
      () => {},
    );
    return await withDeadline(connecting, this.#timeoutMs, () => {
      late = true;
      const message = `${this.#name} did not open within ${this.#timeoutMs} ms: another connection holds it in an older format, or deletes it; close or reload older tabs`;
      return new StoreError('blocked', message);
    });
  }

  /** One transaction over all tables, so that transactions run one after the other; done when it is complete. */
  async #write<T>(
    db: Database,
    durability: 'strict' | 'relaxed',
    doing: string,
    work: (tx: Writing) => Promise<T>,
  ): Promise<T> {
    const tx = db.transaction([...TABLES], 'readwrite', { durability });
    // `all` rejects with what failed first; `done` alone would call most failures an abort.
    const complete = Promise.all([guarded(tx, work), tx.done]);
    const [result] = await withDeadline(complete, this.#timeoutMs, () => {
      // A connection that hangs is of no use any more, and its work must not be done late.
      abort(tx);
      db.close();
      return new StoreError('failed', `IndexedDB did not ${doing} within ${this.#timeoutMs} ms`);
    });
    return result;
  }

  async #takeOver(tx: Writing): Promise<LoadedState> {
    const [meta, entries, outcomes, cursors] = await Promise.all([
      tx.objectStore('meta').get(META),
      tx.objectStore('entries').getAll(),
      tx.objectStore('outcomes').getAll(),
      tx.objectStore('cursors').getAll(),
    ]);
    const unreadable: UnreadableRow[] = [];
    const sound = <T>(table: string, rows: readonly T[], fits: (row: unknown) => boolean): T[] =>
      rows.filter((row) => {
        const isSound = fits(row);
        if (!isSound) unreadable.push({ table, key: String(Object(row).id ?? Object(row).topic ?? table) });
        return isSound;
      });
    const [known] = sound('meta', meta === undefined ? [] : [meta], isMeta);
    // A `meta` that cannot be read costs the principal and the client's name: the server then sees a new browser.
    const next = known
      ? { ...known, term: known.term + 1 }
      : { clientId: crypto.randomUUID(), term: 1, principal: null };
    await tx.objectStore('meta').put(next, META);
    return {
      meta: next,
      entries: sound('entries', entries, isEntry),
      outcomes: sound('outcomes', outcomes, isOutcome),
      cursors: sound('cursors', cursors, isCursor),
      unreadable,
    };
  }
}

/** All requests are made at once; the check of the term comes first among them, and takes the others back. */
async function apply(tx: Writing, ops: readonly StoreOp[], term: number): Promise<void> {
  const meta = tx.objectStore('meta');
  const checked = meta.get(META).then((stored) => {
    if (stored?.term === term) return stored;
    if (!isMeta(stored)) throw new StoreError('failed', 'the row of its term is gone, or cannot be read');
    throw new StoreError('fenced', `another hub took the outbox over (term ${stored.term}, not ${term})`);
  });
  const perform = async (op: StoreOp): Promise<unknown> => {
    switch (op.op) {
      case 'put':
        return tx.objectStore(op.table).put(op.row);
      case 'delete':
        return tx.objectStore(op.table).delete(op.key);
      case 'clear':
        return tx.objectStore(op.table).clear();
      case 'set':
        // One object for all of them, so that a later change does not undo an earlier one.
        return checked.then((stored) => meta.put(Object.assign(stored, op.fields), META));
    }
  };
  await Promise.all([checked, ...ops.map(perform)]);
}

/** Work that fails in any way takes the whole transaction back. */
async function guarded<T>(tx: Writing, work: (tx: Writing) => Promise<T>): Promise<T> {
  try {
    return await work(tx);
  } catch (error) {
    abort(tx);
    throw error;
  }
}

function abort(tx: Writing): void {
  try {
    tx.abort();
  } catch {
    // It is over already.
  }
}
