/** What one page is given next of one topic, and up to where it has it. */
import type { TopicStatus } from '../../../src/protocol/model.ts';
import type { Position, SavedUpdate, TabItem, TopicUpdate } from '../../../src/protocol/port.ts';
import type { SavedState } from '../saved-states.ts';
import {
  type EventEntry,
  isLosableItem,
  type Journal,
  type Snapshot,
  type SnapshotEntry,
  type TopicPlace,
} from './journal.ts';
import { hasAllSince, missedSince } from './missed.ts';

/**
 * Of what was kept on the device so many go into a batch, beyond its budget: the page shows nothing of the topic until it has
 * all of it, so that each further round only makes it wait.
 */
const SAVED_ITEMS = 5_000;

/** A topic as of now. */
export interface TopicState extends Snapshot {
  /** The critical ones that no page took, by offset. */
  readonly unacknowledged: readonly TabItem[];
}

/** What a reader needs to know of its topic. */
export interface ReaderTopic {
  readonly name: string;
  readonly journal: Journal;
  /** What is known, up to the newest place; `null` while there is no state. */
  readonly knowledge: { readonly at: TopicPlace } | null;
  state(): TopicState | null;
  /** The last known state, while the server has sent none. */
  readonly saved: SavedState | null;
  /** What pages were shown had to go, and nothing has come since: one that comes back may still show it. */
  readonly isVoid: boolean;
  /** Raised whenever the status changes. */
  readonly statusVersion: number;
  /** How often events were lost that nobody can count. */
  readonly gaps: number;
  status(dropped: number, gaps: number): TopicStatus;
  /** Counts and reports that events are lost that nobody can count. */
  reportGap(why: string): void;
}

/** How many events may still go into a batch. */
export interface Budget {
  items: number;
}

/** Nothing was given yet: the tab stands where it stood in an earlier life of it or of the hub, if anywhere. */
interface Came {
  readonly state: 'came';
  at: Position | null;
}
/** It began with a snapshot, and all up to here was handed out. */
interface Given {
  readonly state: 'given';
  at: TopicPlace;
}

/** A call that waits for a snapshot, and from where on it asks for what its tab missed. */
interface Call {
  readonly ticket: number;
  readonly position: Position | null;
}

interface Waiting {
  readonly state: 'waiting';
  readonly standing: Came;
  place: number;
  /** What is left to be shown of what was kept on the device; `null`: none of it was shown. */
  saved: TabItem[] | null;
}

/** `place` is the oldest entry of the journal that the tab still needs. */
type FromJournal =
  /** The server has sent nothing of the topic: the tab begins with its first snapshot. */
  | Waiting
  /** It is given what the journal has. */
  | { readonly state: 'following'; readonly standing: Given; place: number; readonly calls: Call[] };
type Phase =
  | FromJournal
  | Giving
  /** It gives no credit: nothing is kept for it, and it begins anew when it comes back. */
  | { readonly state: 'stalled'; readonly standing: Came | Given };

/** A snapshot is given, part by part. */
interface Giving {
  readonly state: 'snapshot';
  readonly standing: Came | Given;
  /** Of the call that it answers; `null`: of all that wait. */
  readonly ticket: number | null;
  readonly at: TopicPlace;
  /** What is left of them. */
  readonly events: TabItem[];
  readonly missed: TabItem[];
  /** Critical events that follow it, out of order. */
  readonly repeats: readonly TabItem[];
  part: number;
  /** Where the journal goes on behind it. */
  readonly place: number;
  /** Once it is given: how many losable events the tab has passed, and how many of them it did not get. */
  readonly losablePassed: number;
  readonly lost: number;
  /** How many gaps the topic had by then. */
  readonly gaps: number;
  /** They wait for their own. */
  readonly calls: Call[];
}

/** One tab's place in one topic. */
export class Reader {
  readonly #topic: ReaderTopic;
  #phase: Phase;
  /** Of the events that a tab can lose: how many this one has passed, and how many of them it never got. */
  #losablePassed: number;
  #dropped = 0;
  /** How many gaps the topic had when the tab came, and how many it was told of by now. */
  #gapsBefore: number;
  #gaps: number;
  #statusGiven = -1;
  #isVoid = false;

  /** Its tab's first call, which begins with the state of now if there is one. */
  constructor(topic: ReaderTopic, ticket: number, position: Position | null) {
    const { journal, gaps } = topic;
    this.#topic = topic;
    this.#isVoid = topic.isVoid;
    this.#phase = waiting({ state: 'came', at: position }, journal);
    this.#losablePassed = journal.losable;
    this.#gapsBefore = gaps;
    this.#gaps = gaps;
    this.#beginAsOfNow(ticket, position);
  }

  /** The oldest entry that this tab still needs; `null` while it needs none. */
  get place(): number | null {
    return this.#phase.state === 'stalled' ? null : this.#phase.place;
  }

  /** Events without a key that this tab never got. */
  get dropped(): number {
    return this.#dropped;
  }

  /** A further call. Where the tab is still to begin, that is what it waits for. */
  ask(ticket: number, position: Position | null): void {
    const phase = this.#phase;
    if (phase.standing.state === 'came') phase.standing.at ??= position;
    if (phase.state === 'snapshot' || phase.state === 'following') phase.calls.push({ ticket, position });
  }

  /** Its tab gives no credit. */
  stall(): void {
    this.#phase = { state: 'stalled', standing: this.#phase.standing };
  }

  /** What its tab was shown is to go. It begins anew, if anything comes, from where it stands. */
  void(): void {
    const { at } = this.#phase.standing;
    const isStalled = this.#phase.state === 'stalled';
    this.#phase = isStalled
      ? { state: 'stalled', standing: { state: 'came', at } }
      : waiting({ state: 'came', at }, this.#topic.journal);
    this.#isVoid = true;
  }

  /** Its tab is still to hear that what it shows is to go. */
  get isVoid(): boolean {
    return this.#isVoid;
  }

  /**
   * Whether what there is to give is not for later, though nobody sees its tab: a state that it begins with, critical events,
   * and what would fall off soon.
   */
  get isUrgent(): boolean {
    const phase = this.#phase;
    const { journal } = this.#topic;
    if (phase.state !== 'following') return this.hasUpdates;
    return journal.hasCriticalSince(phase.place) ? this.hasUpdates : journal.isFilling(this.#losablePassed);
  }

  /** Whether there is anything to give now. */
  get hasUpdates(): boolean {
    const phase = this.#phase;
    const { statusVersion, knowledge, journal } = this.#topic;
    if (this.#isVoid || this.#statusGiven !== statusVersion || phase.state === 'snapshot') return true;
    if (phase.state === 'waiting') return knowledge !== null || this.#hasSaved(phase);
    if (phase.state === 'stalled') return knowledge !== null;
    return phase.calls.length > 0 || phase.place < journal.end;
  }

  /** Adds the next updates; says where the tab stands when it has taken them, if that is a place to begin from. */
  take(updates: TopicUpdate[], budget: Budget): TopicPlace | null {
    const { name, journal, statusVersion, gaps } = this.#topic;
    const droppedBefore = this.#dropped;
    if (this.#isVoid) updates.push({ kind: 'saved', topic: name, epoch: '', events: [], isVoid: true });
    this.#isVoid = false;
    if (this.#phase.state === 'stalled') this.#beginAsOfNow(null, this.#phase.standing.at);
    do this.#givePart(updates, budget);
    while (this.#takeJournal(updates, budget));
    this.#showSaved(updates, budget);
    const phase = this.#phase;
    // Nothing comes between the parts of a snapshot.
    if (phase.state === 'snapshot') return null;
    if (phase.state !== 'stalled' && phase.place >= journal.end) this.#gaps = gaps;
    if (this.#statusGiven !== statusVersion || this.#dropped !== droppedBefore) {
      this.#statusGiven = statusVersion;
      updates.push({
        kind: 'status',
        topic: name,
        status: this.#topic.status(this.#dropped, this.#gaps - this.#gapsBefore),
      });
    }
    return phase.state === 'following' ? phase.standing.at : null;
  }

  /** Whether something that was kept is still to be shown: to a tab that has nothing of the topic, which would be newer. */
  #hasSaved({ standing, saved }: Waiting): boolean {
    return standing.at === null && this.#topic.saved !== null && saved?.length !== 0;
  }

  #showSaved(updates: TopicUpdate[], budget: Budget): void {
    const phase = this.#phase;
    const { saved, name: topic } = this.#topic;
    if (phase.state !== 'waiting' || !saved || !this.#hasSaved(phase) || budget.items <= 0) return;
    phase.saved ??= [...saved.events];
    const events = phase.saved.splice(0, SAVED_ITEMS);
    budget.items -= events.length;
    const update: SavedUpdate = { kind: 'saved', topic, epoch: saved.at.epoch, events };
    updates.push(phase.saved.length > 0 ? { ...update, hasMore: true } : update);
  }

  /** Gives the journal up to where a snapshot begins; says whether one does. */
  #takeJournal(updates: TopicUpdate[], budget: Budget): boolean {
    const phase = this.#phase;
    if (phase.state === 'snapshot' || phase.state === 'stalled') return false;
    const { journal, name: topic } = this.#topic;
    let items: TabItem[] = [];
    let epoch: string | null = null;
    let reached: EventEntry | null = null;
    for (const entry of journal.from(phase.place)) {
      if (budget.items <= 0) {
        if (reached) reach(phase, placeOf(reached));
        return false;
      }
      phase.place = entry.seq + 1;
      if (entry.type === 'snapshot') {
        this.#beginAsServed(phase, entry);
        return true;
      }
      this.#lose(entry.losableBefore);
      this.#losablePassed += entry.losable;
      if (epoch !== entry.epoch) {
        epoch = entry.epoch;
        items = [];
        updates.push({ kind: 'events', topic, epoch, items });
      }
      items.push(entry.item);
      budget.items--;
      if (entry.inOrder) reached = entry;
    }
    this.#lose(journal.losable);
    phase.place = journal.end;
    // Past those, too, that were skipped because nobody could read them.
    reach(phase, this.#topic.knowledge?.at);
    const call = phase.state === 'following' && phase.calls.shift();
    if (!call) return false;
    this.#beginAsOfNow(call.ticket, call.position);
    return true;
  }

  /** The server's own snapshot. Whoever waits for one begins with it. */
  #beginAsServed({ standing, place }: FromJournal, entry: SnapshotEntry): void {
    const { losableBefore, losable, missed, gaps } = entry;
    this.#begin(null, entry, standing.state === 'given' ? missed : missedSince(standing.at, entry, missed), {
      repeats: [],
      place,
      losablePassed: losableBefore + losable,
      lost: losableBefore - this.#losablePassed,
      gaps,
      calls: [],
    });
  }

  /** The state of now, with what was missed since a position: ahead of what comes until it is given. */
  #beginAsOfNow(ticket: number | null, position: Position | null): void {
    const phase = this.#phase;
    const { journal, gaps } = this.#topic;
    // A copy of all of the topic: it is made for whoever gets it now.
    const state = this.#topic.state();
    if (!state) return;
    const missed = missedSince(position, state);
    const lost = journal.losable - this.#losablePassed - missed.filter(isLosableItem).length;
    this.#begin(ticket, state, missed, {
      repeats: phase.state === 'following' ? [] : state.unacknowledged,
      place: journal.end,
      losablePassed: journal.losable,
      lost: Math.max(0, lost),
      gaps,
      calls: phase.state === 'following' ? phase.calls : [],
    });
  }

  #begin(
    ticket: number | null,
    snapshot: Snapshot,
    missed: readonly TabItem[],
    rest: Pick<Giving, 'repeats' | 'place' | 'losablePassed' | 'lost' | 'gaps' | 'calls'>,
  ): void {
    const { standing } = this.#phase;
    const { epoch, offset, ts, events } = snapshot;
    if (standing.state === 'came' && rest.gaps === this.#gaps && !hasAllSince(snapshot, standing.at)) {
      // A gap of this tab alone: the topic had it, and the tab was not told of it yet.
      this.#gapsBefore--;
      this.#gaps--;
      this.#statusGiven = -1;
      this.#topic.reportGap('a tab was away for longer than the hub keeps them');
    }
    this.#phase = {
      state: 'snapshot',
      standing,
      ticket,
      at: { epoch, offset, ts },
      events: [...events],
      missed: [...missed],
      part: 0,
      ...rest,
    };
  }

  #givePart(updates: TopicUpdate[], budget: Budget): void {
    const giving = this.#phase;
    if (giving.state !== 'snapshot' || budget.items <= 0) return;
    const { ticket, at, repeats } = giving;
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
    if (repeats.length > 0) updates.push({ kind: 'events', topic, epoch: at.epoch, items: [...repeats] });
    budget.items -= repeats.length;
    this.#follow(giving);
  }

  /** All of the snapshot is given. */
  #follow({ at, place, calls, gaps, lost, losablePassed }: Giving): void {
    this.#phase = { state: 'following', standing: { state: 'given', at }, place, calls };
    this.#gaps = gaps;
    this.#dropped += lost;
    this.#losablePassed = losablePassed;
  }

  /** Counts what fell off before a place. */
  #lose(losableBefore: number): void {
    this.#dropped += losableBefore - this.#losablePassed;
    this.#losablePassed = losableBefore;
  }
}

function waiting(standing: Came, { end }: Journal): Waiting {
  return { state: 'waiting', standing, place: end, saved: null };
}

function reach(phase: FromJournal, at: TopicPlace | undefined): void {
  if (phase.state === 'following' && at) phase.standing.at = at;
}

function placeOf({ epoch, item: { offset, ts } }: EventEntry): TopicPlace {
  return { epoch, offset, ts };
}
