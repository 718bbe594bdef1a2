import type { TopicStatus } from '../../../src/protocol/model.ts';
import type { Position, TabItem, TopicUpdate } from '../../../src/protocol/port.ts';
import { type EventEntry, isLosableItem, type Journal, type SnapshotEntry } from './journal.ts';
import { isMissed, reachesBack } from './missed.ts';

/** A place in a topic with the server's timestamp of the event there. */
export interface TopicPlace extends Position {
  readonly ts: number;
}

interface Snapshot extends TopicPlace {
  /** By offset. */
  readonly events: readonly TabItem[];
  /** `events` has all without a key that are beyond this offset. */
  readonly completeSince: number;
  /** What was missed since here was asked for as well; `null` where nothing was. */
  readonly asked: Position | null;
}

/** A topic as of now. */
export interface TopicState extends Snapshot {
  /** The critical ones that no page took, by offset. */
  readonly unacknowledged: readonly TabItem[];
}

/** What a reader needs to know of its topic. */
export interface ReaderTopic {
  readonly name: string;
  readonly journal: Journal;
  /** The newest place that is known; `null` while there is no state. */
  readonly newest: TopicPlace | null;
  state(): TopicState | null;
  /** Raised whenever the status changes. */
  readonly statusVersion: number;
  /** How often events were lost that nobody can count. */
  readonly gaps: number;
  status(dropped: number, gaps: number): TopicStatus;
  /** Counts and reports that events are lost that nobody can count. */
  reportGap(why: string): void;
}

/** A snapshot that is being given, part by part. */
interface Giving {
  readonly ticket: number | null;
  readonly at: TopicPlace;
  /** What is left of them. */
  readonly events: TabItem[];
  readonly missed: TabItem[];
  /** Critical events that follow it, out of order. */
  readonly repeats: readonly TabItem[];
  /** Once it is given: how many losable events the tab has passed, and how many of them it did not get. */
  readonly losablePassed: number;
  readonly lost: number;
  /** How many gaps the topic had by then. */
  readonly gaps: number;
  part: number;
}

/** How many events may still go into a batch. */
export interface Budget {
  items: number;
}

/** One tab's place in one topic: what it was given, what it is to be given next. */
export class Reader {
  readonly #topic: ReaderTopic;
  #place: number;
  #losablePassed: number;
  #giving: Giving | null = null;
  /** Calls that wait for a snapshot, and from where on they ask for what they missed. */
  #tickets: { ticket: number; position: Position | null }[] = [];
  /** After a stall the tab begins anew. */
  #mustRestart = false;
  #statusGiven = -1;
  #dropped = 0;
  /** How many gaps the topic had when the tab came, and how many it was told of by now. */
  #gapsBefore: number;
  #gaps: number;
  /** Where the tab stood in an earlier life of it or of the hub. */
  #cameWith: Position | null = null;
  /** Since it began with a snapshot: all up to here was handed out. */
  #given: TopicPlace | null = null;

  constructor(topic: ReaderTopic) {
    this.#topic = topic;
    this.#place = topic.journal.end;
    this.#losablePassed = topic.journal.losable;
    this.#gapsBefore = topic.gaps;
    this.#gaps = topic.gaps;
  }

  /** The oldest entry that this tab still needs; `null` while it needs none. */
  get place(): number | null {
    return this.#mustRestart ? null : this.#place;
  }

  /** Events without a key that this tab never got. */
  get dropped(): number {
    return this.#dropped;
  }

  ask(ticket: number, position: Position | null): void {
    const isFirst = !this.#given && !this.#giving && this.#tickets.length === 0;
    this.#cameWith ??= position;
    this.#tickets.push({ ticket, position });
    // Its place is at the journal's end: what it missed is given as of now, ahead of what comes until it is given.
    if (isFirst) this.#beginTicket();
  }

  /** Its tab gives no credit: nothing is kept waiting for it, and it begins anew when it comes back. */
  stall(): void {
    this.#mustRestart = true;
    this.#giving = null;
  }

  /** Whether there is anything to give now. */
  get hasUpdates(): boolean {
    const topic = this.#topic;
    if (this.#statusGiven !== topic.statusVersion || this.#giving) return true;
    if (this.#mustRestart || this.#tickets.length > 0) return topic.newest !== null;
    return this.#place < topic.journal.end;
  }

  /** Adds the next updates; says where the tab stands when it has taken them, if that is a place to begin from. */
  take(updates: TopicUpdate[], budget: Budget): TopicPlace | null {
    const { name, statusVersion } = this.#topic;
    const droppedBefore = this.#dropped;
    if (this.#mustRestart) this.#restart();
    this.#giveSnapshot(updates, budget);
    if (!this.#giving && !this.#mustRestart) this.#takeJournal(updates, budget);
    if (!this.#giving && this.#place >= this.#topic.journal.end)
      while (this.#beginTicket()) this.#giveSnapshot(updates, budget);
    // Nothing comes between the parts of a snapshot.
    if (this.#giving) return null;
    if (!this.#mustRestart && this.#place >= this.#topic.journal.end) this.#gaps = this.#topic.gaps;
    if (this.#statusGiven !== statusVersion || this.#dropped !== droppedBefore) {
      this.#statusGiven = statusVersion;
      updates.push({
        kind: 'status',
        topic: name,
        status: this.#topic.status(this.#dropped, this.#gaps - this.#gapsBefore),
      });
    }
    return this.#given;
  }

  #restart(): void {
    const { journal } = this.#topic;
    const state = this.#topic.state();
    if (!state) return;
    this.#mustRestart = false;
    this.#place = journal.end;
    this.#tickets = [];
    const missed = missedSince(this.#given ?? this.#cameWith, state);
    const lost = journal.losable - this.#losablePassed - missed.filter(isLosableItem).length;
    this.#begin(null, state, missed, {
      repeats: state.unacknowledged,
      losablePassed: journal.losable,
      lost: Math.max(0, lost),
      gaps: this.#topic.gaps,
    });
  }

  #takeJournal(updates: TopicUpdate[], budget: Budget): void {
    const { journal, name } = this.#topic;
    let items: TabItem[] = [];
    let epoch: string | null = null;
    let reached: EventEntry | null = null;
    for (const entry of journal.from(this.#place)) {
      if (budget.items <= 0) {
        if (reached) this.#reach(placeOf(reached));
        return;
      }
      this.#place = entry.seq + 1;
      if (entry.type === 'snapshot') {
        this.#beginServerSnapshot(entry);
        this.#giveSnapshot(updates, budget);
        if (this.#giving) return;
        epoch = null;
        reached = null;
        continue;
      }
      this.#lose(entry.losableBefore);
      this.#losablePassed += entry.losable;
      if (epoch !== entry.epoch) {
        epoch = entry.epoch;
        items = [];
        updates.push({ kind: 'events', topic: name, epoch, items });
      }
      items.push(entry.item);
      budget.items--;
      if (entry.inOrder) reached = entry;
    }
    this.#lose(journal.losable);
    this.#place = journal.end;
    // Past those, too, that were skipped because nobody could read them.
    this.#reach(this.#topic.newest);
  }

  #beginServerSnapshot(entry: SnapshotEntry): void {
    const { losableBefore, losable } = entry;
    // Whoever waited for a snapshot begins with this one.
    this.#tickets = [];
    const missed = this.#given ? entry.missed : missedSince(this.#cameWith, entry, entry.missed);
    this.#begin(null, entry, missed, {
      repeats: [],
      losablePassed: losableBefore + losable,
      lost: losableBefore - this.#losablePassed,
      gaps: entry.gaps,
    });
  }

  /** Begins to give what the next call waits for; false where there is none, or where it must wait on. */
  #beginTicket(): boolean {
    const [next] = this.#tickets;
    // The state is a copy of all of the topic: it is made for whoever gets it now.
    const state = next && !this.#giving && this.#topic.state();
    if (!state) return false;
    this.#tickets.shift();
    this.#begin(next.ticket, state, missedSince(next.position, state), {
      repeats: this.#given ? [] : state.unacknowledged,
      losablePassed: this.#losablePassed,
      lost: 0,
      gaps: this.#topic.gaps,
    });
    return true;
  }

  #begin(
    ticket: number | null,
    snapshot: Snapshot,
    missed: readonly TabItem[],
    rest: Pick<Giving, 'repeats' | 'losablePassed' | 'lost' | 'gaps'>,
  ): void {
    const { epoch, offset, ts, events } = snapshot;
    const at = { epoch, offset, ts };
    if (!this.#given && rest.gaps === this.#gaps && !hasAllSince(snapshot, this.#cameWith)) {
      // A gap of this tab alone: the topic had it, and the tab was not told of it yet.
      this.#gapsBefore--;
      this.#gaps--;
      this.#statusGiven = -1;
      this.#topic.reportGap('a tab was away for longer than the hub keeps them');
    }
    this.#giving = { ticket, at, events: [...events], missed: [...missed], ...rest, part: 0 };
  }

  #giveSnapshot(updates: TopicUpdate[], budget: Budget): void {
    const giving = this.#giving;
    if (!giving || budget.items <= 0) return;
    const { ticket, at, repeats } = giving;
    const { epoch } = at;
    const { name: topic } = this.#topic;
    const events = giving.events.splice(0, budget.items);
    const missed = giving.missed.splice(0, budget.items - events.length);
    budget.items -= events.length + missed.length;
    const last = giving.events.length + giving.missed.length === 0;
    updates.push({
      kind: 'snapshot',
      topic,
      ticket,
      part: giving.part++,
      last,
      ...at,
      events,
      missed,
      ...(last && giving.gaps > this.#gaps && { gap: true as const }),
    });
    if (!last) return;
    this.#giving = null;
    this.#gaps = giving.gaps;
    if (repeats.length > 0) updates.push({ kind: 'events', topic, epoch, items: [...repeats] });
    budget.items -= repeats.length;
    this.#given = at;
    this.#dropped += giving.lost;
    this.#losablePassed = giving.losablePassed;
  }

  #reach(at: TopicPlace | null): void {
    if (this.#given && at) this.#given = at;
  }

  /** Counts what fell off before a place. */
  #lose(losableBefore: number): void {
    this.#dropped += losableBefore - this.#losablePassed;
    this.#losablePassed = losableBefore;
  }
}

/** What of a snapshot was missed since a position of its epoch, with `others`; by offset. */
function missedSince(
  position: Position | null,
  { epoch, events }: Snapshot,
  others: readonly TabItem[] = [],
): readonly TabItem[] {
  const beyond = position?.epoch === epoch ? events.filter((item) => isMissed(item, position)) : [];
  const byOffset = new Map([...others, ...beyond].map((item) => [item.offset, item]));
  return [...byOffset.values()].sort((a, b) => a.offset - b.offset);
}

/** Whether nothing without a key is missing between the place where a tab stood and what it is given. */
function hasAllSince({ epoch, events, completeSince, asked }: Snapshot, position: Position | null): boolean {
  if (!position || (position.epoch === epoch && reachesBack(events, completeSince, position))) return true;
  // What the server did not have of that, it has told.
  return position.epoch === asked?.epoch && position.offset >= asked.offset;
}

function placeOf({ epoch, item: { offset, ts } }: EventEntry): TopicPlace {
  return { epoch, offset, ts };
}
