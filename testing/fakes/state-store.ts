/** How a store of the last known state behaves that keeps its rows on a made disk. */
import {
  isLater,
  isSameOwner,
  type SavedHead,
  type SavedRow,
  type SavedRows,
  type SavedTopics,
  type Slot,
  type StateOp,
  type StateOwner,
  type StateStore,
} from '../../worker/core/state-store.ts';
import { StoreError, type StoreFailure } from '../../worker/core/store.ts';

/** The kept state of one app and identity, which outlives every hub. */
export class StateDisk {
  owner: StateOwner | null = null;
  heads = new Map<string, SavedHead>();
  /** By topic and slot. */
  items = new Map<string, Map<Slot, SavedRow>>();
  /** Set: whatever is asked of it fails so, with nothing changed. */
  failure: StoreFailure | null = null;
  /** The same, of the next thing alone. */
  failNext: StoreFailure | null = null;
  /** Rows that are found unreadable at the next look, as often. */
  unreadable = 0;
  /** Hears what was written. */
  written: (op: StateOp) => void = () => {};
  #writer = 0;
  #held: (() => void)[] | null = null;

  /** What is asked of it waits from now on, in order, until the returned function is called. */
  hold(): () => void {
    const waiting = this.#held ?? [];
    this.#held = waiting;
    return () => {
      // What is asked for meanwhile comes behind them.
      for (let work = waiting.shift(); work; work = waiting.shift()) work();
      this.#held = null;
    };
  }

  /** Runs it when nothing is held back. */
  whenFree(work: () => void): void {
    if (this.#held) this.#held.push(work);
    else work();
  }

  /** As if the database had never been; whoever has it open finds that it may not write. */
  erase(): void {
    this.owner = null;
    this.#writer++;
    this.#clear();
  }

  /** @returns what it found, and by which number the opener may write. @throws StoreError */
  open(owner: StateOwner): { saved: SavedTopics; writer: number } {
    this.#check();
    if (isLater(this.owner?.ownership, owner.ownership)) throw fenced();
    if (!this.owner || !isSameOwner(this.owner, owner)) this.#clear();
    this.owner = owner;
    const unreadable = this.unreadable;
    this.unreadable = 0;
    return {
      saved: structuredClone({ heads: [...this.heads.values()], unreadable }),
      writer: ++this.#writer,
    };
  }

  load(topic: string, writer: number): SavedRows {
    this.#check(writer);
    const head = this.heads.get(topic) ?? null;
    const rows = [...(this.items.get(topic)?.values() ?? [])];
    return structuredClone({ head, rows, unreadable: 0 });
  }

  commit(op: StateOp, writer: number): void {
    this.#check(writer);
    this.#perform(structuredClone(op));
    this.written(op);
  }

  #perform(op: StateOp): void {
    if (op.op === 'clear') return this.#clear();
    if (op.op === 'forget') {
      this.heads.delete(op.topic);
      this.items.delete(op.topic);
      return;
    }
    const { topic } = op.head;
    this.heads.set(topic, op.head);
    const rows = op.isWhole ? new Map<Slot, SavedRow>() : (this.items.get(topic) ?? new Map());
    this.items.set(topic, rows);
    for (const slot of op.gone) rows.delete(slot);
    for (const row of op.put) rows.set(row.slot, row);
  }

  #clear(): void {
    this.heads.clear();
    this.items.clear();
  }

  #check(writer = this.#writer): void {
    const failure = this.failure ?? this.failNext;
    this.failNext = null;
    if (failure) throw new StoreError(failure, 'the disk was told to fail');
    if (writer !== this.#writer) throw fenced();
  }
}

function fenced(): StoreError {
  return new StoreError('fenced', 'another store took over');
}

/** A store in memory; any number of them can be open on one disk. */
export class MemoryStateStore implements StateStore {
  readonly #disk: StateDisk;
  /** Runs something later: once to do the work, and once more to tell of it. */
  readonly #later: (work: () => void) => void;
  /** Settles when it is open. */
  #writer: Promise<number> | null = null;

  constructor(disk: StateDisk, later: (work: () => void) => void = queueMicrotask) {
    this.#disk = disk;
    this.#later = later;
  }

  async open(owner: StateOwner): Promise<SavedTopics> {
    const opened = this.#run(() => this.#disk.open(owner));
    this.#writer = opened.then(({ writer }) => writer);
    this.#writer.catch(() => {});
    return (await opened).saved;
  }

  async load(topic: string): Promise<SavedRows> {
    const writer = await this.#opened();
    return await this.#run(() => this.#disk.load(topic, writer));
  }

  async commit(op: StateOp): Promise<void> {
    const copy = structuredClone(op);
    const writer = await this.#opened();
    await this.#run(() => this.#disk.commit(copy, writer));
  }

  close(): void {
    this.#writer = null;
  }

  async #opened(): Promise<number> {
    if (!this.#writer) throw new StoreError('failed', "the state's store is not open");
    return await this.#writer;
  }

  #run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#later(() =>
        this.#disk.whenFree(() => {
          try {
            const result = work();
            this.#later(() => resolve(result));
          } catch (error) {
            this.#later(() => reject(error));
          }
        }),
      );
    });
  }
}
