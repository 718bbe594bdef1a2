/** How the hub's rows lie in IndexedDB, and which of two hubs may write them. */
import { openDB } from 'idb';
import { scopeName } from '../../../src/protocol/names.ts';
import {
  type LoadedState,
  type Store,
  StoreError,
  type StoreOp,
  type StoreTransaction,
  type UnreadableRow,
} from '../../core/store.ts';
import { beginLogAnew } from './chromium-log.ts';
import { storeError, withDeadline } from './failure.ts';
import { type Former, openFormer } from './former-name.ts';
import { isCursor, isEntry, isMeta, isOutcome } from './rows.ts';
import { FORMAT, META, migrate, type Tables } from './schema.ts';
import { type Database, type End, transact, type Writing } from './transaction.ts';

/** Far beyond what a slow disk takes; after it the store counts as failed, and the hub goes on without it. */
const TIMEOUT_MS = 10_000;

const notOpen = () => new StoreError('failed', 'the store is not open');

type Connection =
  | { state: 'closed'; why: StoreError }
  /** A new object for each attempt, so that a late one is known by it. */
  | { state: 'opening' }
  | Open;

interface Open {
  readonly state: 'open';
  readonly term: number;
  /** Another one where the browser has closed it, as it does at any time. */
  db: Promise<Database>;
  /** What that has come to so far. */
  present: Database | null;
  /** Whether something was written through it: one that is closed before that is not opened once more at once. */
  isProven: boolean;
}

export interface IdbStoreOptions {
  app: string;
  identity: string;
  onLost(why: StoreError): void;
  /** For opening and for each transaction; a sleep of the machine does not count. @default 10_000 */
  timeoutMs?: number;
}

/** The rows of one app and identity in IndexedDB. */
export class IdbStore implements Store {
  readonly #name: string;
  readonly #openFormer: () => Promise<Former | null>;
  readonly #onLost: (why: StoreError) => void;
  readonly #timeoutMs: number;
  #connection: Connection = { state: 'closed', why: notOpen() };
  /** The terms that are, or may be, of this store's own raising: with any other one somebody else has taken over. */
  #terms: readonly number[] | null = null;

  constructor({ app, identity, onLost, timeoutMs = TIMEOUT_MS }: IdbStoreOptions) {
    this.#name = scopeName(app, identity);
    this.#openFormer = () => openFormer(app, identity, timeoutMs);
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
    let former: Former | null = null;
    let isTaken = false;
    try {
      db = await this.#connect((why) => {
        lost = why;
      });
      if (this.#connection !== opening) throw notOpen();
      former = await this.#openFormer();
      const end = await this.#write(db, 'strict', (tx) => this.#takeOver(tx, former));
      if (end.state !== 'complete') throw this.#failureOf(end, 'take the rows over');
      isTaken = true;
      const state = end.value;
      if (this.#connection !== opening) throw notOpen();
      if (lost) throw lost;
      const { term } = state.meta;
      this.#terms = [term];
      this.#connection = { state: 'open', term, db: Promise.resolve(db), present: db, isProven: true };
      beginLogAnew();
      return state;
    } catch (error) {
      db?.close();
      const why = storeError(error, `open ${this.#name}`);
      if (this.#connection === opening) this.#connection = { state: 'closed', why };
      throw why;
    } finally {
      former?.end(isTaken);
    }
  }

  /**
   * The browser may close the connection at any time, and abort what was under way: the same transaction is then done once
   * more on another one, where the term is still our own. Whether the first was written makes no difference to that.
   */
  async commit(transaction: StoreTransaction): Promise<void> {
    const connection = this.#connection;
    if (connection.state === 'closed') throw connection.why;
    if (connection.state === 'opening') throw notOpen();
    const { db } = connection;
    const first = await this.#attempt(connection, transaction);
    if (first.state === 'complete') return;
    if (first.state !== 'broken') throw this.#gaveUp(connection, this.#failureOf(first, 'write'));
    if (connection.db === db) this.#replace(connection);
    const second = await this.#attempt(connection, transaction);
    if (second.state === 'complete') return;
    const why = this.#failureOf(second, 'write');
    const isOpen = first.mayBeWritten && why.failure !== 'fenced';
    throw this.#gaveUp(connection, isOpen ? new StoreError('unknown', why.message, { cause: why }) : why);
  }

  close(): void {
    this.#shut(notOpen());
  }

  #shut(why: StoreError): void {
    if (this.#connection.state === 'open') this.#connection.db.then(close, () => {});
    this.#connection = { state: 'closed', why };
  }

  async #attempt(connection: Open, { ops, durability }: StoreTransaction): Promise<End<void>> {
    let db: Database;
    try {
      db = await connection.db;
    } catch (why) {
      return { state: 'broken', why, mayBeWritten: false };
    }
    if (this.#connection !== connection) return { state: 'undone', why: notOpen() };
    const end = await this.#write(db, durability, (tx) => apply(tx, ops, connection.term));
    if (end.state === 'complete') connection.isProven = true;
    return end;
  }

  #gaveUp(connection: Open, why: StoreError): StoreError {
    if (why.failure === 'fenced' && this.#connection === connection) this.#shut(why);
    return why;
  }

  /** Under the same term, which is compared with each transaction. */
  #replace(connection: Open): void {
    connection.present?.close();
    connection.present = null;
    connection.isProven = false;
    connection.db = this.#connect(() => {}).then((db) => {
      connection.present = db;
      return db;
    });
    // Whoever writes next hears of it.
    connection.db.catch(() => {});
  }

  async #connect(onLost: (why: StoreError) => void): Promise<Database> {
    let late = false;
    let db: Database | undefined;
    const lost = (message: string) => new StoreError('failed', `${this.#name} was lost: ${message}`);
    const connecting = openDB<Tables>(this.#name, FORMAT, {
      upgrade: (opened, from) => migrate(opened, from),
      // Whoever upgrades or deletes the database waits for this.
      blocking: (_from, to, event) => {
        (event.target as IDBDatabase).close();
        const why = lost(to === null ? 'somebody deletes it' : `somebody makes it format ${to}`);
        onLost(why);
        const connection = this.#connection;
        if (connection.state === 'open' && connection.present === db) this.#lose(connection, why);
      },
      // As it may at any time, and as when a person clears the site's data.
      terminated: () => {
        const why = lost('the browser closed it');
        onLost(why);
        const connection = this.#connection;
        if (connection.state === 'open' && connection.present === db) this.#closed(connection, why);
      },
    });
    connecting.then(
      (opened) => {
        db = opened;
        if (late) opened.close();
      },
      () => {},
    );
    return await withDeadline(connecting, this.#timeoutMs, () => {
      late = true;
      const message = `${this.#name} did not open within ${this.#timeoutMs} ms: close or reload older tabs, one of which holds it`;
      return new StoreError('blocked', message);
    });
  }

  /** Opened again at once, and looked at: the rows may be gone with it. */
  #closed(connection: Open, why: StoreError): void {
    if (!connection.isProven) return this.#lose(connection, why);
    this.#replace(connection);
    this.commit({ ops: [], durability: 'relaxed' }).catch((error: unknown) => {
      const found = storeError(error, 'open it again');
      const lost = new StoreError(found.failure, `${this.#name} was lost: ${found.message}`, {
        cause: error,
      });
      this.#lose(connection, found.failure === 'fenced' ? found : lost);
    });
  }

  #lose(connection: Open, why: StoreError): void {
    if (this.#connection === connection) this.#shut(why);
    else if (why.failure !== 'fenced') return;
    this.#onLost(why);
  }

  #write<T>(
    db: Database,
    durability: 'strict' | 'relaxed',
    work: (tx: Writing) => Promise<T>,
  ): Promise<End<T>> {
    return transact(db, { durability, timeoutMs: this.#timeoutMs }, work);
  }

  #failureOf(end: Exclude<End<unknown>, { state: 'complete' }>, doing: string): StoreError {
    if (end.state === 'hanging') {
      const message = `IndexedDB did not ${doing} within ${this.#timeoutMs} ms, and may do it yet`;
      return new StoreError('unknown', message);
    }
    const why = storeError(end.why, doing);
    const isOpen = end.state === 'broken' && end.mayBeWritten && why.failure !== 'fenced';
    return isOpen ? new StoreError('unknown', why.message, { cause: why }) : why;
  }

  async #takeOver(tx: Writing, former: Former | null): Promise<LoadedState> {
    const found = await tx.objectStore('meta').get(META);
    if (former && !former.isPut(found?.movedFrom)) await former.fill(tx);
    const [meta, entries, outcomes, cursors] = await Promise.all([
      found ?? former?.meta,
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
    if (known && this.#terms && !this.#terms.includes(known.term)) throw fenced(known.term, this.#terms);
    // A `meta` that cannot be read costs the principal and the client's name: the server then sees a new browser.
    const own = {
      databaseId: databaseIdOf(meta) ?? crypto.randomUUID(),
      ...(former && { movedFrom: former.mark }),
    };
    const next = known
      ? { ...known, ...own, term: known.term + 1 }
      : { clientId: crypto.randomUUID(), term: 1, principal: null, ...own };
    // Should it be written without our hearing of it, it is our own.
    if (this.#terms) this.#terms = [...this.#terms, next.term];
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
    throw fenced(stored.term, [term]);
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

/** Also of a `meta` that cannot be read otherwise: the rows beside it are still those of this database. */
function databaseIdOf(meta: unknown): string | null {
  const { databaseId } = Object(meta);
  return typeof databaseId === 'string' ? databaseId : null;
}

function fenced(found: number, own: readonly number[]): StoreError {
  return new StoreError(
    'fenced',
    `another hub took the outbox over (term ${found}, not ${own.join(' or ')})`,
  );
}

function close(db: Database): void {
  db.close();
}
