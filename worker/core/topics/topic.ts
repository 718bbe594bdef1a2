/** What is known of one topic, what of it the tabs that listen are given, and what is told of what is missing. */
import type { ServerFrameOf, SnapshotItem } from '../../../src/protocol/frames/index.ts';
import type { TopicStatus } from '../../../src/protocol/model.ts';
import type { Position, TabItem } from '../../../src/protocol/port.ts';
import type { Context } from '../context.ts';
import type { TabId } from '../io.ts';
import type { SavedState, SavedStates, WayBack } from '../saved-states.ts';
import type { StoredCursor } from '../store.ts';
import { Criticals } from './criticals.ts';
import { isLosableItem, Journal, type TopicPlace } from './journal.ts';
import { LastValueCache } from './last-value-cache.ts';
import { isMissed, reachesBack } from './missed.ts';
import { readItem } from './read-item.ts';
import { Reader, type ReaderTopic, type TopicState } from './reader.ts';
import {
  ServerSubscription,
  type State,
  type SubscribedTopic,
  type TopicSocket,
} from './server-subscription.ts';

/** What is known of a topic's present epoch. */
interface Knowledge {
  /** Where its newest event is. */
  at: TopicPlace;
  readonly cache: LastValueCache;
  readonly criticals: Criticals;
}

export class Topic implements ReaderTopic, SubscribedTopic {
  readonly name: string;
  readonly journal: Journal;
  readonly readers = new Map<TabId, Reader>();
  readonly subscription: ServerSubscription;
  readonly #context: Context;
  readonly #socket: TopicSocket;
  #knowledge: Knowledge | null = null;
  #statusVersion = 0;
  #gaps = 0;
  /** Events are missing ahead of the next one. */
  #isGapAhead = false;
  #cursor: StoredCursor | null;
  readonly #savedStates: SavedStates | null;
  #saved: SavedState | null = null;
  /** What pages were shown had to go, and nothing has come since: one that comes back may still show it. */
  isVoid = false;

  constructor(
    name: string,
    context: Context,
    socket: TopicSocket,
    cursor: StoredCursor | null,
    savedStates: SavedStates | null,
  ) {
    this.name = name;
    this.#context = context;
    this.#socket = socket;
    this.#cursor = cursor;
    this.#savedStates = savedStates;
    this.journal = new Journal(context.settings.floodBuffer);
    this.subscription = new ServerSubscription(this, context, socket);
  }

  get sizes(): { keys: number; tail: number; queued: number; unacknowledged: number } {
    const cache = this.#knowledge?.cache;
    const unacknowledged = this.#knowledge?.criticals.size ?? 0;
    return { keys: cache?.keys ?? 0, tail: cache?.tail ?? 0, queued: this.journal.size, unacknowledged };
  }

  get knowledge(): Knowledge | null {
    return this.#knowledge;
  }

  get from(): TopicPlace | null {
    const cursor = this.#cursor;
    return this.#knowledge?.at ?? (cursor && { ...cursor, ts: cursor.lastSeen });
  }

  state(): TopicState | null {
    if (!this.#knowledge) return null;
    const { at, cache, criticals } = this.#knowledge;
    const events = cache.items().map(asReplayed);
    const { completeSince } = cache;
    const unacknowledged = criticals.waiting.map(asRepeat);
    return { ...at, events, completeSince, asked: null, unacknowledged };
  }

  /** The newest place that some page has, in this life of the topic or an earlier one: for the topic's next life as well. */
  get cursor(): StoredCursor | null {
    return this.#cursor;
  }

  get statusVersion(): number {
    return this.#statusVersion;
  }

  get gaps(): number {
    return this.#gaps;
  }

  status(dropped: number, gaps: number): TopicStatus {
    const { phase } = this.subscription;
    const refusal = phase.state === 'waiting' ? phase.refusal : phase.state === 'refused' ? phase : null;
    if (refusal) return { state: 'refused', code: refusal.code, message: refusal.message };
    const at = this.#knowledge?.at ?? this.#saved?.at;
    if (!at) return { state: this.#isUnavailable ? 'unavailable' : 'syncing' };
    const { epoch, offset, ts: lastSeen } = at;
    const told = { epoch, offset, lastSeen, dropped, gaps };
    if (phase.state === 'live') return { state: 'live', ...told };
    const savedAt = this.#savedStates?.savedAt(this.name);
    return { state: 'stale', ...told, ...(savedAt !== undefined && { savedAt }) };
  }

  get #isUnavailable(): boolean {
    return this.#socket.isDown && !this.#savedStates?.isLooking(this.name);
  }

  /** As it was kept on the device; `null`: nothing was, or the server has sent what it has. */
  get saved(): SavedState | null {
    return this.#saved;
  }

  /** It was looked whether the last known state is on the device; `null`: it is not. */
  looked(saved: SavedState | null): void {
    if (this.#knowledge) return;
    this.#saved = saved;
    this.#statusVersion++;
    this.subscription.looked();
  }

  wayBack(): WayBack | 'soon' | 'read' | null {
    return this.#savedStates?.wayBack(this.name, this.#cursor) ?? null;
  }

  /** The server refuses the topic. */
  refused(): void {
    if (!this.#savedStates) return;
    this.#savedStates.forget(this.name);
    this.void();
  }

  /** What is known of it is no more for whoever sits here. */
  void(): void {
    this.#goBackToOwed();
    this.isVoid = true;
    this.#knowledge = null;
    this.#saved = null;
    this.#statusVersion++;
    for (const reader of this.readers.values()) reader.void();
  }

  /** A critical event that no page has taken is asked for again: the server may owe it to an earlier name of this browser. */
  #goBackToOwed(): void {
    const knowledge = this.#knowledge;
    const owed = knowledge?.criticals.waiting[0];
    if (!owed || (this.#cursor?.epoch === knowledge.at.epoch && this.#cursor.offset < owed.offset)) return;
    this.#cursor = cursorAt(
      this.name,
      { ...knowledge.at, offset: owed.offset - 1, ts: 0 },
      this.#context.now,
    );
  }

  /** A tab needs the state. One that was refused is tried again by whoever comes anew. */
  take(tab: TabId, ticket: number, position: Position | null): Reader {
    const known = this.readers.get(tab);
    const reader = known ?? new Reader(this, ticket, position);
    if (known) known.ask(ticket, position);
    else this.readers.set(tab, reader);
    if (position) this.#standsAt(position);
    const { state } = this.subscription.phase;
    if (state === 'none' || (!known && state === 'refused')) this.subscription.ask();
    return reader;
  }

  /** A page tells where an earlier hub left it: behind others perhaps, whose place the store has. All is asked for from there. */
  #standsAt({ epoch, offset, ts = 0 }: Position): void {
    const cursor = this.#cursor;
    if (cursor && (this.#knowledge || cursor.epoch !== epoch || cursor.offset <= offset)) return;
    this.#cursor = cursorAt(this.name, { epoch, offset, ts }, this.#context.now);
  }

  /** Forgets what every tab was given. */
  trim(): void {
    if (this.journal.isEmpty) return;
    let oldest = this.journal.end;
    for (const { place } of this.readers.values()) if (place !== null && place < oldest) oldest = place;
    this.journal.trim(oldest);
  }

  /** Some page has credited everything up to here. */
  credited({ epoch, offset, ts }: TopicPlace): StoredCursor | null {
    const isOlder = this.#cursor?.epoch === epoch && this.#cursor.offset >= offset;
    const newest = this.#knowledge?.at;
    const isKnown = newest?.epoch === epoch && offset <= newest.offset;
    if (isOlder || !isKnown) return null;
    this.#cursor = cursorAt(this.name, { epoch, offset, ts }, this.#context.now);
    return this.#cursor;
  }

  event(frame: ServerFrameOf['event']): void {
    const { phase } = this.subscription;
    const knowledge = this.#knowledge;
    if (phase.state !== 'live' || !knowledge) return this.subscription.early(frame);
    const { counts } = this.#context;
    const { epoch, offset } = knowledge.at;
    const isRepeat = frame.offset <= offset;
    if (frame.redelivery || (isRepeat && frame.ack)) return this.#redelivered(frame, knowledge);
    if (isRepeat) {
      counts.repeats++;
      return;
    }
    if ((frame.prev ?? frame.offset - 1) !== offset) {
      counts.holes++;
      return this.subscription.askForMissing();
    }
    counts.events++;
    knowledge.at = { epoch, offset: frame.offset, ts: frame.ts };
    this.#statusVersion++;
    const isReplay = frame.offset <= phase.replayUntil;
    const item = readItem(this.#context, this.name, frame, isReplay, frame.ack === true);
    this.#savedStates?.happened(this.name, knowledge.at, frame, item);
    if (!item) {
      if (frame.ack) this.#failed(frame, knowledge);
      return;
    }
    knowledge.cache.put(item);
    const passed = this.#isGapAhead ? { ...item, gap: true as const } : item;
    this.#isGapAhead = false;
    this.#pass(passed, isReplay ? 'replay' : 'live', knowledge);
  }

  statusChanged(): void {
    this.#statusVersion++;
  }

  skipped(why: string): void {
    this.#isGapAhead = true;
    this.#gap(why);
  }

  /** A page took critical events. @param ts of each of them, by which it is known from a later one of its offset */
  took(epoch: string, offsets: readonly number[], ts: readonly number[] = []): void {
    const knowledge = this.#knowledge;
    if (knowledge?.at.epoch !== epoch) return;
    for (const [i, offset] of offsets.entries()) knowledge.criticals.took(offset, ts[i]);
    this.subscription.acknowledge();
  }

  /** Events are lost that nobody can count. */
  #gap(why: string): void {
    this.#gaps++;
    this.#statusVersion++;
    this.reportGap(why);
  }

  reportGap(why: string): void {
    this.#context.counts.gaps++;
    const message = `events of topic ${this.name} are missing for good: ${why}`;
    this.#context.reportOnce(`gap:${this.name}`, 'events_missing', message);
  }

  replace({ epoch, offset, ts }: TopicPlace, parts: State, asked: Position | null): void {
    const known = this.#knowledge?.at.epoch === epoch ? this.#knowledge : null;
    this.isVoid = false;
    const criticals = known?.criticals ?? new Criticals();
    // A server may have lost its newest events: its word counts, and their offsets are free for others.
    criticals.forgetBeyond(offset);
    for (const item of [...parts.events, ...(parts.missed ?? [])]) criticals.replacedBy(item);
    criticals.proveNothing();
    if (this.#cursor?.epoch === epoch && this.#cursor.offset > offset) this.#cursor = null;
    const read = (item: SnapshotItem) => readItem(this.#context, this.name, item, true, false);
    const readable = parts.events.map(read);
    const events = readable.filter((item) => item !== null);
    // How many without a key a server keeps is not known: what came before the first that it sent may be missing. Of one that
    // cannot be read it is not known whether it has a key.
    const isUnclear = parts.events.some(({ key }, i) => key == null && !readable[i]);
    const first = events.find(({ key }) => key === null);
    const completeSince = { offset: first ? first.offset - 1 : isUnclear ? offset : 0, ts: 0 };
    const { from } = this;
    const place = from?.epoch === epoch && from;
    const hasAll = place ? reachesBack(events, completeSince, place) : !first && !isUnclear;
    if (parts.truncated) this.#gap('the server does not have all of it any more');
    else if (!parts.missed && from && !hasAll) this.#gap('there is no more than the state of it');
    if (this.#knowledge && !known && this.#knowledge.criticals.hasOther(parts.events, parts.missed))
      this.#gap('critical ones that no page has taken are not in the history that the server has now');
    const cache = new LastValueCache(this.#context.settings.tailLimit, completeSince);
    for (const item of events) cache.put(item);
    const isNew = (item: TabItem) => !place || isMissed(item, place);
    const missed = (parts.missed?.map(read) ?? (known ? events.filter(isNew) : []))
      .filter((item) => item !== null)
      .filter((item) => !item.critical || criticals.arrived(item));
    const losable = missed.filter((item) => isNew(item) && isLosableItem(item)).length;
    const at = { epoch, offset, ts };
    this.#knowledge = { at, cache, criticals };
    this.#saved = null;
    this.#savedStates?.replaced(this.name, at, parts.events, readable);
    const ends = { completeSince, asked: parts.missed && asked, gaps: this.#gaps };
    this.journal.addSnapshot({ ...at, events, missed, losable, ...ends });
  }

  #redelivered(frame: ServerFrameOf['event'], knowledge: Knowledge): void {
    const item = readItem(this.#context, this.name, frame, true, true);
    if (item) this.#pass(asRepeat(item), 'repeat', knowledge);
    else this.#failed(frame, knowledge);
  }

  /** To the tabs, but for a repeat that a page took already. (In its order it is for those who merely watch as well.) */
  #pass(item: TabItem, as: 'live' | 'replay' | 'repeat', { at, criticals }: Knowledge): void {
    const isTaken = item.critical && !criticals.arrived(item);
    if (!isTaken || as !== 'repeat') this.journal.addEvent(at.epoch, item, as);
    if (isTaken) this.subscription.acknowledge();
  }

  #failed({ offset }: ServerFrameOf['event'], { criticals }: Knowledge): void {
    criticals.failed(offset, 'invalid_event');
    this.subscription.acknowledge();
  }
}

function cursorAt(topic: string, { epoch, offset, ts: lastSeen }: TopicPlace, savedAt: number): StoredCursor {
  return { topic, epoch, offset, lastSeen, savedAt };
}

function asRepeat(item: TabItem): TabItem {
  return { ...item, replayed: true, repeat: true };
}

function asReplayed(item: TabItem): TabItem {
  return item.replayed ? item : { ...item, replayed: true };
}
