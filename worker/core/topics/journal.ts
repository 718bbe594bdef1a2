/**
 * What some tab has still to be given of a topic: one list, shared by all tabs, each of which has its place in it. What
 * waits for a slow tab is thereby held once, conflated (a superseded event is skipped) and bounded (one without a key falls
 * off beyond the flood buffer).
 */
import type { Position, TabItem } from '../../../src/protocol/port.ts';

/** A place in a topic with the server's timestamp of the event there. */
export interface TopicPlace extends Position {
  readonly ts: number;
}

/** The same of an epoch that is clear; a `ts` of 0 is not known. */
export type TimedPlace = Omit<TopicPlace, 'epoch'>;

/** The state of a topic at a place. */
export interface Snapshot extends TopicPlace {
  /** By offset. */
  readonly events: readonly TabItem[];
  /** `events` has all without a key that came after this place. */
  readonly completeSince: TimedPlace;
  /** What was missed since here was asked for as well; `null` where nothing was. */
  readonly asked: Position | null;
}

interface Entry {
  readonly seq: number;
  /** How many events that a tab can lose came before it: those without a key that are not critical. */
  readonly losableBefore: number;
  /** How many of them it has itself. */
  readonly losable: number;
}
export interface EventEntry extends Entry {
  readonly type: 'event';
  readonly epoch: string;
  readonly item: TabItem;
  /** Its number among those that fall off beyond the flood buffer; `null` for one that never does. */
  readonly droppable: number | null;
  /** Whether it is the next of its topic; a repeat is not. */
  readonly inOrder: boolean;
  /** A newer one of its key is in the journal. */
  superseded: boolean;
}
export interface SnapshotEntry extends Entry, Snapshot {
  readonly type: 'snapshot';
  /** What the server had of that. */
  readonly missed: readonly TabItem[];
  /** How many gaps the topic ever had, those of this snapshot included. */
  readonly gaps: number;
}
/** What the server sent of a topic and some tab may still have to be given, in order. */
export type JournalEntry = EventEntry | SnapshotEntry;

/** What is dead is cleared away once there is this much of it, and more than of the living. */
const COMPACT_AT = 1_024;

export class Journal {
  readonly #floodBuffer: number;
  /** In order of `seq`, with gaps where some were cleared away. */
  #entries: JournalEntry[] = [];
  /** The index of the first one that some tab still needs. */
  #start = 0;
  /** How many are superseded or fell off, from the start on. */
  #dead = 0;
  readonly #newestByKey = new Map<string, EventEntry>();
  #seq = 0;
  #droppables = 0;
  #newestCritical = -1;
  /** The number of the first droppable event that some tab may still need. */
  #firstDroppable = 0;
  #losable = 0;

  constructor(floodBuffer: number) {
    this.#floodBuffer = floodBuffer;
  }

  /** The place behind the newest entry. */
  get end(): number {
    return this.#seq;
  }

  /** How many events there ever were that a tab can lose. */
  get losable(): number {
    return this.#losable;
  }

  /** How many are still to be given to some tab. */
  get size(): number {
    return this.#entries.length - this.#start - this.#dead;
  }

  /** Whether a critical event came since a place. */
  hasCriticalSince(place: number): boolean {
    return this.#newestCritical >= place;
  }

  /** Whether half of what may wait of events that a tab can lose is used up, where so many of them came before its place. */
  isFilling(losableBefore: number): boolean {
    const waiting = this.#losable - losableBefore;
    return waiting > 0 && 2 * waiting >= this.#floodBuffer;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** `live`: it conflates and may fall off. `replay`: missed before, every one counts. `repeat`: out of order as well. */
  addEvent(epoch: string, item: TabItem, as: 'live' | 'replay' | 'repeat'): void {
    const isLosable = isLosableItem(item);
    const entry: EventEntry = {
      type: 'event',
      seq: this.#seq++,
      epoch,
      losableBefore: this.#losable,
      losable: isLosable ? 1 : 0,
      item,
      droppable: as === 'live' && isLosable ? this.#droppables++ : null,
      inOrder: as !== 'repeat',
      superseded: false,
    };
    this.#losable += entry.losable;
    if (item.critical) this.#newestCritical = entry.seq;
    this.#entries.push(entry);
    if (entry.droppable !== null) {
      if (entry.droppable - this.#floodBuffer >= this.#firstDroppable) this.#dead++;
    } else if (as === 'live' && item.key !== null && !item.critical) {
      const older = this.#newestByKey.get(item.key);
      if (older) {
        older.superseded = true;
        this.#dead++;
      }
      this.#newestByKey.set(item.key, entry);
    }
    if (this.#dead > COMPACT_AT && this.#dead > this.size) this.#compact();
  }

  /** @param losable how many of what was missed are new to this journal, and can be lost */
  addSnapshot(snapshot: Omit<SnapshotEntry, 'type' | 'seq' | 'losableBefore'>): void {
    this.#newestByKey.clear();
    if (snapshot.missed.some(({ critical }) => critical)) this.#newestCritical = this.#seq;
    this.#entries.push({ type: 'snapshot', seq: this.#seq++, losableBefore: this.#losable, ...snapshot });
    this.#losable += snapshot.losable;
  }

  /** The entries from a place on that are still to be given. */
  *from(place: number): Generator<JournalEntry> {
    for (let i = this.#indexOf(place); i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (entry && this.#isAlive(entry)) yield entry;
    }
  }

  /** Forgets what every tab has passed. */
  trim(place: number): void {
    if (place >= this.#seq) {
      this.#entries = [];
      this.#start = 0;
      this.#dead = 0;
      this.#newestByKey.clear();
      this.#firstDroppable = this.#droppables;
      return;
    }
    for (; ; this.#start++) {
      const entry = this.#entries[this.#start];
      if (!entry || entry.seq >= place) break;
      if (!this.#isAlive(entry)) this.#dead--;
      if (entry.type === 'snapshot') continue;
      if (entry.droppable !== null) this.#firstDroppable = entry.droppable + 1;
      const { key } = entry.item;
      if (key !== null && this.#newestByKey.get(key) === entry) this.#newestByKey.delete(key);
    }
    if (this.#start > COMPACT_AT && this.#start > this.#entries.length / 2) this.#compact();
  }

  #isAlive(entry: JournalEntry): boolean {
    if (entry.type === 'snapshot') return true;
    const { superseded, droppable } = entry;
    return !superseded && (droppable === null || droppable >= this.#droppables - this.#floodBuffer);
  }

  #compact(): void {
    this.#entries = this.#entries.filter((entry, index) => index >= this.#start && this.#isAlive(entry));
    this.#start = 0;
    this.#dead = 0;
  }

  #indexOf(place: number): number {
    let low = this.#start;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.seq ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether its loss would go unnoticed: no newer one of its key says more, and it is not repeated. */
export function isLosableItem({ key, critical }: TabItem): boolean {
  return key === null && !critical;
}
