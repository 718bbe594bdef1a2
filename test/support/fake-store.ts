import {
  type LoadedState,
  type Store,
  type StoredCursor,
  type StoredEntry,
  type StoredMeta,
  type StoredOutcome,
  StoreError,
  type StoreFailure,
  type StoreOp,
  type StoreTransaction,
} from '../../worker/core/store.ts';

interface Tables {
  meta: StoredMeta | null;
  entries: ReadonlyMap<string, StoredEntry>;
  outcomes: ReadonlyMap<string, StoredOutcome>;
  cursors: ReadonlyMap<string, StoredCursor>;
}
const EMPTY: Tables = { meta: null, entries: new Map(), outcomes: new Map(), cursors: new Map() };

/**
 * The rows of one app and identity in memory, for any number of `FakeStore`s, with the faults that a disk has. What is
 * set here holds for all of its stores.
 */
export class FakeDisk {
  #tables = EMPTY;
  /** As of the last strict transaction: what a loss of power leaves. */
  #onDisk = EMPTY;
  #failure: { failure: StoreFailure; times: number } | null = null;
  #held: Promise<void> | null = null;

  /** The next operations fail, with nothing changed. */
  failNext(failure: StoreFailure, times = 1): void {
    this.#failure = { failure, times };
  }

  /** Operations wait from now on, in order, until the returned function is called. */
  hold(): () => void {
    let release = () => {};
    this.#held = new Promise((resolve) => {
      release = () => {
        this.#held = null;
        resolve();
      };
    });
    return release;
  }

  /** The power fails: relaxed transactions since the last strict one are lost, also those that were complete. */
  loseRelaxed(): void {
    this.#tables = this.#onDisk;
  }

  /** Runs one transaction; `change` returns the new tables, or throws and changes nothing. */
  async run(durability: 'strict' | 'relaxed', change: (tables: Tables) => Tables): Promise<Tables> {
    await this.#held;
    if (this.#failure && this.#failure.times-- > 0) {
      throw new StoreError(this.#failure.failure, 'the fake store was told to fail');
    }
    this.#tables = change(this.#tables);
    if (durability === 'strict') this.#onDisk = this.#tables;
    return this.#tables;
  }
}

type Connection =
  | { state: 'closed'; why: StoreError }
  | { state: 'opening' }
  | { state: 'open'; term: number };

export class FakeStore implements Store {
  readonly #disk: FakeDisk;
  readonly #newClientId: () => string;
  #connection: Connection = { state: 'closed', why: new StoreError('failed', 'the store was never opened') };

  constructor(disk: FakeDisk, newClientId: () => string = () => crypto.randomUUID()) {
    this.#disk = disk;
    this.#newClientId = newClientId;
  }

  async open(): Promise<LoadedState> {
    const opening: Connection = { state: 'opening' };
    this.#connection = opening;
    try {
      const { meta, entries, outcomes, cursors } = await this.#disk.run('strict', (tables) => ({
        ...tables,
        meta: tables.meta
          ? { ...tables.meta, term: tables.meta.term + 1 }
          : { clientId: this.#newClientId(), term: 1, principal: null },
      }));
      if (this.#connection !== opening)
        throw new StoreError('failed', 'the store was closed while it opened');
      if (!meta) throw new Error('a disk that was opened has a meta');
      this.#connection = { state: 'open', term: meta.term };
      return structuredClone({
        meta,
        entries: byKey(entries),
        outcomes: byKey(outcomes),
        cursors: byKey(cursors),
      });
    } catch (error) {
      if (this.#connection === opening && error instanceof StoreError) {
        this.#connection = { state: 'closed', why: error };
      }
      throw error;
    }
  }

  async commit({ ops, durability }: StoreTransaction): Promise<void> {
    const connection = this.#connection;
    if (connection.state === 'closed') throw connection.why;
    if (connection.state === 'opening') throw new StoreError('failed', 'the store is not open yet');
    const copies = structuredClone(ops);
    try {
      await this.#disk.run(durability, (tables) => {
        if (tables.meta?.term !== connection.term) {
          throw new StoreError('fenced', `another store took over at term ${tables.meta?.term}`);
        }
        return copies.reduce(apply, tables);
      });
    } catch (error) {
      if (error instanceof StoreError && error.failure === 'fenced' && this.#connection === connection) {
        this.#connection = { state: 'closed', why: error };
      }
      throw error;
    }
  }

  close(): void {
    this.#connection = { state: 'closed', why: new StoreError('failed', 'the store is closed') };
  }
}

/** In the order in which IndexedDB would give them, so that nobody comes to rely on another. */
function byKey<T>(rows: ReadonlyMap<string, T>): T[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function apply(tables: Tables, op: StoreOp): Tables {
  switch (op.op) {
    case 'put_entry':
      return { ...tables, entries: new Map(tables.entries).set(op.entry.id, op.entry) };
    case 'delete_entry':
      return { ...tables, entries: without(tables.entries, op.id) };
    case 'put_outcome':
      return { ...tables, outcomes: new Map(tables.outcomes).set(op.outcome.id, op.outcome) };
    case 'delete_outcome':
      return { ...tables, outcomes: without(tables.outcomes, op.id) };
    case 'put_cursor':
      return { ...tables, cursors: new Map(tables.cursors).set(op.cursor.topic, op.cursor) };
    case 'delete_cursor':
      return { ...tables, cursors: without(tables.cursors, op.topic) };
    case 'put_principal':
      return tables.meta ? { ...tables, meta: { ...tables.meta, principal: op.principal } } : tables;
  }
}

function without<T>(rows: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  const rest = new Map(rows);
  rest.delete(key);
  return rest;
}
