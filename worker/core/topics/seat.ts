import type { TopicStatus } from '../../../src/protocol/model.ts';
import type { Position, SnapshotUpdate, TabItem, TopicUpdate } from '../../../src/protocol/port.ts';
import type { Journal, JournalEntry } from './journal.ts';

type SnapshotEntry = JournalEntry & { kind: 'snapshot' };

export interface TopicState {
  readonly epoch: string;
  readonly offset: number;
  readonly ts: number;
  readonly items: TabItem[];
  readonly unacknowledged: TabItem[];
}

/** A place in a topic with the server's timestamp of the event there. */
export interface Credited extends Position {
  ts: number;
}

/** What a seat needs to know of its topic. */
export interface SeatTopic {
  readonly name: string;
  readonly journal: Journal;
  readonly floodBuffer: number;
  /** The state as of now; `null` while there is none. */
  readonly hasState: boolean;
  state(): TopicState | null;
  status(dropped: number): TopicStatus;
}

/** A snapshot that is being given, part by part. */
interface Giving {
  readonly ticket: number | null;
  readonly epoch: string;
  readonly offset: number;
  readonly ts: number;
  readonly events: readonly TabItem[];
  readonly missed: readonly TabItem[];
  given: number;
}

/** One tab's place in one topic: what it was given, what it is to be given next. */
export class Seat {
  readonly #topic: SeatTopic;
  #place: number;
  #droppablesPassed: number;
  #giving: Giving | null = null;
  /** Calls that wait for a snapshot, and from where on they know what they missed. */
  #tickets: { ticket: number; position: Position | null }[] = [];
  /** After a stall the tab begins anew. */
  #mustRestart = false;
  #statusDirty = true;
  #dropped = 0;
  /** The newest offset in a batch that was handed out. */
  #given: Credited | null = null;

  constructor(topic: SeatTopic) {
    this.#topic = topic;
    this.#place = topic.journal.end;
    this.#droppablesPassed = topic.journal.droppables;
  }

  /** The oldest entry that this tab still needs; `null` while it needs none. */
  get place(): number | null {
    return this.#mustRestart ? null : this.#place;
  }

  get dropped(): number {
    return this.#dropped;
  }

  ask(ticket: number, position: Position | null): void {
    this.#tickets.push({ ticket, position });
  }

  statusChanged(): void {
    this.#statusDirty = true;
  }

  /** Its tab gives no credit: it keeps nothing waiting for it, and begins anew when it comes back. */
  stall(): void {
    this.#mustRestart = true;
    this.#giving = null;
  }

  /** Whether there is anything to give now. */
  get hasUpdates(): boolean {
    if (this.#statusDirty || this.#giving) return true;
    if (this.#place < this.#topic.journal.end && !this.#mustRestart) return true;
    return (this.#mustRestart || this.#tickets.length > 0) && this.#topic.hasState;
  }

  /** The next updates, with at most `budget.items` events; `budget` is reduced by what was given. */
  take(budget: { items: number }): { updates: TopicUpdate[]; given: Credited | null; dropped: number } {
    const updates: TopicUpdate[] = [];
    const droppedBefore = this.#dropped;
    if (this.#mustRestart) this.#restart();
    this.#continueGiving(updates, budget);
    if (!this.#giving) this.#takeJournal(updates, budget);
    if (!this.#giving && this.#place >= this.#topic.journal.end) this.#takeTickets(updates, budget);
    if (this.#statusDirty || updates.length > 0) {
      this.#statusDirty = false;
      updates.push({ kind: 'status', topic: this.#topic.name, status: this.#topic.status(this.#dropped) });
    }
    return { updates, given: this.#giving ? null : this.#given, dropped: this.#dropped - droppedBefore };
  }

  #restart(): void {
    if (!this.#topic.hasState) return;
    this.#mustRestart = false;
    this.#passDroppables(this.#topic.journal.droppables);
    this.#place = this.#topic.journal.end;
    this.#tickets = [];
    this.#giving = { ticket: null, ...this.#snapshotSince(this.#given), given: 0 };
  }

  #takeTickets(updates: TopicUpdate[], budget: { items: number }): void {
    while (this.#tickets.length > 0 && !this.#giving && this.#topic.hasState) {
      const [next] = this.#tickets.splice(0, 1);
      if (!next) return;
      this.#giving = { ticket: next.ticket, ...this.#snapshotSince(next.position), given: 0 };
      this.#continueGiving(updates, budget);
    }
  }

  /** The state of now, and what is left of what happened since a position. */
  #snapshotSince(position: Position | null): Omit<Giving, 'ticket' | 'given'> {
    const state = this.#topic.state();
    if (!state) throw new Error(`topic ${this.#topic.name} has no state to take a snapshot of`);
    const { epoch, offset, ts, items, unacknowledged } = state;
    const since = position?.epoch === epoch ? position.offset : offset;
    const missed = new Map<number, TabItem>();
    for (const item of items) if (item.offset > since) missed.set(item.offset, item);
    for (const item of unacknowledged) missed.set(item.offset, item);
    return {
      epoch,
      offset,
      ts,
      events: items,
      missed: [...missed.values()].sort((a, b) => a.offset - b.offset),
    };
  }

  #takeJournal(updates: TopicUpdate[], budget: { items: number }): void {
    const { journal, floodBuffer, name } = this.#topic;
    let run: TopicUpdate & { kind: 'events' } = { kind: 'events', topic: name, epoch: '', items: [] };
    for (const entry of journal.from(this.#place, floodBuffer)) {
      if (budget.items <= 0) return;
      this.#place = entry.seq + 1;
      if (entry.kind === 'snapshot') {
        this.#beginSnapshot(entry, updates, budget);
        if (this.#giving) return;
        continue;
      }
      if (entry.droppable !== null) this.#passDroppables(entry.droppable, 1);
      if (updates.at(-1) !== run || run.epoch !== entry.epoch) {
        run = { kind: 'events', topic: name, epoch: entry.epoch, items: [] };
        updates.push(run);
      }
      run.items.push(entry.item);
      budget.items--;
      if (entry.inOrder) this.#passed({ epoch: entry.epoch, offset: entry.item.offset, ts: entry.item.ts });
    }
    this.#passDroppables(journal.droppables);
    this.#place = journal.end;
  }

  #beginSnapshot(entry: SnapshotEntry, updates: TopicUpdate[], budget: { items: number }): void {
    this.#passDroppables(entry.droppable);
    const { epoch, offset, ts, events, missed } = entry;
    this.#giving = { ticket: null, epoch, offset, ts, events, missed, given: 0 };
    // Whoever waited for a snapshot begins with this one.
    this.#tickets = [];
    this.#continueGiving(updates, budget);
  }

  #continueGiving(updates: TopicUpdate[], budget: { items: number }): void {
    const giving = this.#giving;
    if (!giving || budget.items <= 0) return;
    const { ticket, epoch, offset, ts, events, missed } = giving;
    const from = giving.given;
    const to = Math.min(from + budget.items, events.length + missed.length);
    const part: SnapshotUpdate = {
      kind: 'snapshot',
      topic: this.#topic.name,
      ticket,
      epoch,
      offset,
      last: to === events.length + missed.length,
      events: events.slice(from, to),
      missed: missed.slice(Math.max(0, from - events.length), Math.max(0, to - events.length)),
    };
    giving.given = to;
    budget.items -= to - from;
    updates.push(part);
    if (!part.last) return;
    this.#giving = null;
    if (ticket === null) this.#given = { epoch, offset, ts };
    else this.#passed({ epoch, offset, ts });
  }

  #passed(to: Credited): void {
    if (this.#given?.epoch !== to.epoch || to.offset > this.#given.offset) this.#given = to;
  }

  /** Counts what fell off before the next one that is given (`and`), or before the place that is jumped to. */
  #passDroppables(next: number, and = 0): void {
    this.#dropped += Math.max(0, next - this.#droppablesPassed);
    this.#droppablesPassed = Math.max(this.#droppablesPassed, next + and);
  }
}
