/** What is left of a store's transactions after a fault, a kill or a loss of power. */
import {
  type EndedSessions,
  type LoadedState,
  type StoredCursor,
  type StoredEntry,
  type StoredOutcome,
  StoreError,
  type StoreFailure,
  type StoreOp,
  type StoreTransaction,
  type UnreadableRow,
} from '../../worker/core/store.ts';

interface Tables {
  readonly entries: Map<string, StoredEntry>;
  readonly outcomes: Map<string, StoredOutcome>;
  readonly cursors: Map<string, StoredCursor>;
  principal: string | null;
  endedSessions: EndedSessions | undefined;
  suspects: readonly string[] | undefined;
}

/** The rows of one app and identity, which outlive every hub, with the faults that a disk has. */
export class Disk {
  clientId: string;
  databaseId: string;
  term = 0;
  principal: string | null = null;
  endedSessions: EndedSessions | undefined;
  suspects: readonly string[] | undefined;
  entries = new Map<string, StoredEntry>();
  outcomes = new Map<string, StoredOutcome>();
  cursors = new Map<string, StoredCursor>();
  unreadable: readonly UnreadableRow[] = [];
  /** Set: every opening and every transaction fails so, with nothing changed; but see `isWrittenUnknown`. */
  failure: StoreFailure | null = null;
  /** Whether a transaction that fails as `unknown` is written all the same. */
  isWrittenUnknown: () => boolean = () => false;
  /** Hears what was written. */
  written: (ops: readonly StoreOp[]) => void = () => {};
  #failures: { failure: StoreFailure; times: number } | null = null;
  /** As of the last strict transaction: what a loss of power leaves. */
  #safe: Tables = emptyTables();
  #held: (() => void)[] | null = null;

  constructor(clientId = '00000000-0000-4000-8000-000000000001') {
    this.clientId = clientId;
    this.databaseId = `database of ${clientId}`;
  }

  /** The next operations fail, with nothing changed; but see `isWrittenUnknown`. */
  failNext(failure: StoreFailure, times = 1): void {
    this.#failures = { failure, times };
  }

  /** Operations wait from now on, in order, until the returned function is called. */
  hold(): () => void {
    this.#held ??= [];
    return () => {
      const waiting = this.#held ?? [];
      this.#held = null;
      for (const work of waiting) work();
    };
  }

  /** Runs it when nothing is held back. */
  whenFree(work: () => void): void {
    if (this.#held) this.#held.push(work);
    else work();
  }

  /** The power fails: relaxed transactions since the last strict one are lost, also those that were complete. */
  loseRelaxed(): void {
    Object.assign(this, copyOf(this.#safe));
  }

  /** The browser loses the database, or somebody deletes it: another one is there then. */
  erase(): void {
    this.#safe = emptyTables();
    this.loseRelaxed();
    this.databaseId = `another one after ${this.databaseId}`;
    this.clientId = this.clientId.replace(/^\d+/, (first) => String(Number(first) + 1).padStart(8, '0'));
  }

  /** The rows as they lie there, with nothing changed. @throws StoreError */
  look(): Pick<LoadedState, 'meta' | 'entries'> {
    const failure = this.#nextFailure();
    if (failure) throw asTold(failure);
    return structuredClone({ meta: this.#meta, entries: byKey(this.entries) });
  }

  /** A hub takes the rows over. @param held the term under which it had them before @throws StoreError */
  load(held: number | null = null): LoadedState {
    const failure = this.#nextFailure();
    if (failure) throw asTold(failure);
    if (held !== null && this.term !== 0 && held !== this.term) throw fenced(this.term);
    this.term++;
    this.#safe = copyOf(this);
    return structuredClone({
      meta: this.#meta,
      entries: byKey(this.entries),
      outcomes: byKey(this.outcomes),
      cursors: byKey(this.cursors),
      unreadable: this.unreadable,
    });
  }

  /** @throws StoreError, with nothing changed but for `unknown`; `fenced` where another hub took over since `term`. */
  commit({ ops, durability }: StoreTransaction, term: number): void {
    const failure = this.#nextFailure();
    const isWritten = !failure || (failure === 'unknown' && this.isWrittenUnknown());
    if (!isWritten) throw asTold(failure);
    if (term !== this.term) {
      throw fenced(this.term);
    }
    this.apply(ops);
    if (durability === 'strict') this.#safe = copyOf(this);
    if (failure) throw asTold(failure);
  }

  apply(ops: readonly StoreOp[]): void {
    for (const op of structuredClone(ops)) {
      if (op.op === 'set') Object.assign(this, op.fields);
      else if (op.op === 'delete') this[op.table].delete(op.key);
      else if (op.op === 'clear') this[op.table].clear();
      else if (op.table === 'entries') this.entries.set(op.row.id, op.row);
      else if (op.table === 'outcomes') this.outcomes.set(op.row.id, op.row);
      else this.cursors.set(op.row.topic, op.row);
    }
    this.written(ops);
  }

  get #meta(): LoadedState['meta'] {
    return {
      clientId: this.clientId,
      term: this.term,
      principal: this.principal,
      databaseId: this.databaseId,
      ...(this.endedSessions && { endedSessions: this.endedSessions }),
      ...(this.suspects && { suspects: this.suspects }),
    };
  }

  #nextFailure(): StoreFailure | null {
    if (this.failure) return this.failure;
    return this.#failures && this.#failures.times-- > 0 ? this.#failures.failure : null;
  }
}

function fenced(term: number): StoreError {
  return new StoreError('fenced', `another store took over at term ${term}`);
}

function asTold(failure: StoreFailure): StoreError {
  return new StoreError(failure, 'the disk was told to fail');
}

const emptyTables = (): Tables => ({
  entries: new Map(),
  outcomes: new Map(),
  cursors: new Map(),
  principal: null,
  endedSessions: undefined,
  suspects: undefined,
});

function copyOf({ entries, outcomes, cursors, principal, endedSessions, suspects }: Tables): Tables {
  return {
    entries: new Map(entries),
    outcomes: new Map(outcomes),
    cursors: new Map(cursors),
    principal,
    endedSessions,
    suspects,
  };
}

/** In the order in which IndexedDB would give them, so that nobody comes to rely on another. */
function byKey<T>(rows: ReadonlyMap<string, T>): T[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
