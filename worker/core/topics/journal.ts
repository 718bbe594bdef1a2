import type { TabItem } from '../../../src/protocol/port.ts';

/** What the server sent of a topic and some tab may still have to be given, in order. */
export type JournalEntry =
  | {
      readonly kind: 'event';
      readonly seq: number;
      readonly epoch: string;
      readonly item: TabItem;
      /** The number among those without a key that may be dropped; `null` for one that never is. */
      readonly droppable: number | null;
      /** Whether it is the next of its topic; a redelivery is not. */
      readonly inOrder: boolean;
      /** A newer one of its key is in the journal. */
      superseded: boolean;
    }
  | {
      readonly kind: 'snapshot';
      readonly seq: number;
      readonly epoch: string;
      readonly offset: number;
      /** The server's timestamp of the newest event. */
      readonly ts: number;
      readonly events: readonly TabItem[];
      readonly missed: readonly TabItem[];
      readonly droppable: number;
    };

/** The dead are cleared away once there are this many of them, and more than of the living. */
const COMPACT_AT = 1_024;

/**
 * One list per topic, shared by all tabs, each of which has its place in it. What waits for a slow tab is thereby held
 * once, conflated (a superseded event is skipped) and bounded (one without a key falls off beyond the flood buffer).
 */
export class Journal {
  #entries: JournalEntry[] = [];
  readonly #newestByKey = new Map<string, JournalEntry & { kind: 'event' }>();
  #seq = 0;
  #dead = 0;
  /** How many droppable events there ever were. */
  droppables = 0;

  /** The place behind the newest entry. */
  get end(): number {
    return this.#seq;
  }

  get size(): number {
    return this.#entries.length - this.#dead;
  }

  /** `live`: it conflates and may be dropped. `replay`: missed before, every one counts. `repeat`: out of order as well. */
  addEvent(epoch: string, item: TabItem, as: 'live' | 'replay' | 'repeat', floodBuffer: number): void {
    const gives = as === 'live' && !item.critical;
    const droppable = gives && item.key === null ? this.droppables++ : null;
    const inOrder = as !== 'repeat';
    const entry: JournalEntry = {
      kind: 'event',
      seq: this.#seq++,
      epoch,
      item,
      droppable,
      inOrder,
      superseded: false,
    };
    if (gives && item.key !== null) {
      const older = this.#newestByKey.get(item.key);
      if (older) {
        older.superseded = true;
        this.#dead++;
      }
      this.#newestByKey.set(item.key, entry);
    }
    if (droppable !== null && droppable >= floodBuffer) this.#dead++;
    this.#entries.push(entry);
    if (this.#dead > COMPACT_AT && this.#dead > this.#entries.length / 2) this.#compact(floodBuffer);
  }

  addSnapshot(snapshot: Omit<JournalEntry & { kind: 'snapshot' }, 'kind' | 'seq' | 'droppable'>): void {
    this.#newestByKey.clear();
    this.#entries.push({ kind: 'snapshot', seq: this.#seq++, droppable: this.droppables, ...snapshot });
  }

  /** The entries from a place on that are still to be given. */
  *from(place: number, floodBuffer: number): Generator<JournalEntry> {
    for (let i = this.#indexOf(place); i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (entry && this.#isAlive(entry, floodBuffer)) yield entry;
    }
  }

  /** Forgets what every tab has passed. */
  trim(place: number): void {
    if (place >= this.#seq) {
      this.#entries = [];
      this.#newestByKey.clear();
      this.#dead = 0;
      return;
    }
    const index = this.#indexOf(place);
    if (index < COMPACT_AT) return;
    this.#entries = this.#entries.slice(index);
    for (const [key, entry] of this.#newestByKey) if (entry.seq < place) this.#newestByKey.delete(key);
    this.#dead = Math.max(0, this.#dead - index);
  }

  #isAlive(entry: JournalEntry, floodBuffer: number): boolean {
    if (entry.kind === 'snapshot') return true;
    return (
      !entry.superseded && (entry.droppable === null || entry.droppable >= this.droppables - floodBuffer)
    );
  }

  #compact(floodBuffer: number): void {
    this.#entries = this.#entries.filter((entry) => this.#isAlive(entry, floodBuffer));
    this.#dead = 0;
  }

  /** Entries are in order of `seq`, with gaps where some were cleared away. */
  #indexOf(place: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.seq ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
