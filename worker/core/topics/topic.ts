import type { ClientFrame, ServerFrameOf, SnapshotItem } from '../../../src/protocol/frames/index.ts';
import { type Interpreted, interpretEvent } from '../../../src/protocol/interpret.ts';
import type { TopicStatus } from '../../../src/protocol/model.ts';
import type { Position, TabItem } from '../../../src/protocol/port.ts';
import { retryWaitMs } from '../backoff.ts';
import type { Context } from '../context.ts';
import type { DeadlineName } from '../deadlines.ts';
import type { TabId } from '../io.ts';
import type { StoredCursor } from '../store.ts';
import { LastValueCache } from './cache.ts';
import { Criticals } from './criticals.ts';
import { isLosableItem, Journal, type TopicPlace } from './journal.ts';
import { isMissed, reachesBack } from './missed.ts';
import { Reader, type ReaderTopic, type TopicState } from './reader.ts';

/** What a topic needs of the connection. */
export interface TopicSocket {
  isOpen(): boolean;
  /** Only while it is open. */
  write(frame: ClientFrame): void;
  nextRef(): number;
  /** For how long nothing had been heard when the connection opened. */
  silenceMs(): number;
  /** For how long the line was not found to carry something large, behind which answers wait. */
  unburdenedMs(): number;
}

/** How long the server may take to answer, at first; doubled by each failure. */
const ANSWER_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MAX_MS = 60_000;
/** A snapshot is held until it ends; one beyond this is not waited for. */
const SNAPSHOT_CHARACTERS = 64 * 1024 * 1024;
/** A topic that breaks again sooner than this is asked for more slowly. */
const STABLE_AFTER_MS = 10_000;

/** What is known of a topic's present epoch. */
interface Knowledge {
  epoch: string;
  offset: number;
  /** The server's timestamp of the newest event. */
  lastSeen: number;
  readonly cache: LastValueCache;
  readonly criticals: Criticals;
}

/** How the subscription stands at the server. */
type Subscription =
  | { state: 'none' }
  /** Until an answer with this `ref` comes the topic's other events are discarded. `attempt` counts failures. */
  | { state: 'asked'; ref: number; attempt: number; wants: Wants; parts: Parts | null }
  /** Events up to `replayUntil` happened before the subscription. */
  | { state: 'live'; attempt: number; since: number; replayUntil: number }
  | { state: 'refused'; code: string; message: string };
/** `state`: without what was missed, with which it was too large. */
type Wants = 'all' | 'state';
interface Parts {
  epoch: string;
  next: number;
  characters: number;
  events: SnapshotItem[];
  /** `null`: the server does not say what was missed. */
  missed: SnapshotItem[] | null;
  truncated: boolean;
}

/** One topic: its subscription at the server, its state, and the readers of the tabs that listen. */
export class Topic implements ReaderTopic {
  readonly name: string;
  readonly journal: Journal;
  readonly readers = new Map<TabId, Reader>();
  readonly #context: Context;
  readonly #socket: TopicSocket;
  #subscription: Subscription = { state: 'none' };
  /** The newest request, and since where it asks for what was missed. */
  #ref = 0;
  #asked: Position | null = null;
  #knowledge: Knowledge | null = null;
  #statusVersion = 0;
  #gaps = 0;
  /** Events are missing ahead of the next one. */
  #isGapAhead = false;
  /** The newest place that some page has credited, in this life of the topic or an earlier one. */
  #stored: StoredCursor | null;

  constructor(name: string, context: Context, socket: TopicSocket, stored: StoredCursor | null) {
    this.name = name;
    this.#context = context;
    this.#socket = socket;
    this.#stored = stored;
    this.journal = new Journal(context.settings.floodBuffer);
  }

  get sizes(): { keys: number; tail: number; queued: number; unacknowledged: number } {
    const cache = this.#knowledge?.cache;
    const unacknowledged = this.#knowledge?.criticals.size ?? 0;
    return { keys: cache?.keys ?? 0, tail: cache?.tail ?? 0, queued: this.journal.size, unacknowledged };
  }

  get newest(): TopicPlace | null {
    if (!this.#knowledge) return null;
    const { epoch, offset, lastSeen: ts } = this.#knowledge;
    return { epoch, offset, ts };
  }

  state(): TopicState | null {
    if (!this.#knowledge) return null;
    const { epoch, offset, lastSeen: ts, cache, criticals } = this.#knowledge;
    const events = cache.items().map(asReplayed);
    const { completeSince } = cache;
    const unacknowledged = criticals.waiting.map(asRepeat);
    return { epoch, offset, ts, events, completeSince, asked: null, unacknowledged };
  }

  /** Parts of a snapshot have come, and not the last. */
  get isArriving(): boolean {
    return this.#subscription.state === 'asked' && this.#subscription.parts !== null;
  }

  get statusVersion(): number {
    return this.#statusVersion;
  }

  get gaps(): number {
    return this.#gaps;
  }

  status(dropped: number, gaps: number): TopicStatus {
    if (this.#subscription.state === 'refused') {
      const { code, message } = this.#subscription;
      return { state: 'refused', code, message };
    }
    if (!this.#knowledge) return { state: 'syncing' };
    const { epoch, offset, lastSeen } = this.#knowledge;
    return {
      state: this.#subscription.state === 'live' ? 'live' : 'stale',
      epoch,
      offset,
      lastSeen,
      dropped,
      gaps,
    };
  }

  /** A tab needs the state. One that was refused is tried again by whoever comes anew. */
  take(tab: TabId, ticket: number, position: Position | null): Reader {
    const known = this.readers.get(tab);
    const reader = known ?? new Reader(this, ticket, position);
    if (known) known.ask(ticket, position);
    else this.readers.set(tab, reader);
    // What a page tells of an earlier hub is better than nothing.
    if (position) {
      const { ts: lastSeen = 0, ...place } = position;
      this.#stored ??= { topic: this.name, ...place, lastSeen, savedAt: this.#context.now };
    }
    if (this.#subscription.state === 'none' || (!known && this.#subscription.state === 'refused')) this.ask();
    return reader;
  }

  /** Forgets what every tab was given. */
  trim(): void {
    if (this.journal.isEmpty) return;
    let oldest = this.journal.end;
    for (const { place } of this.readers.values()) if (place !== null && place < oldest) oldest = place;
    this.journal.trim(oldest);
  }

  /** The last place in it that is known, for the topic's next life. */
  get lastKnown(): StoredCursor | null {
    return this.#stored;
  }

  /** Some page has credited everything up to here. */
  credited({ epoch, offset, ts }: TopicPlace): StoredCursor | null {
    const isOlder = this.#stored?.epoch === epoch && this.#stored.offset >= offset;
    const isKnown = this.#knowledge?.epoch === epoch && offset <= this.#knowledge.offset;
    if (isOlder || !isKnown) return null;
    this.#stored = { topic: this.name, epoch, offset, lastSeen: ts, savedAt: this.#context.now };
    return this.#stored;
  }

  /** Asks the server for the topic, by its cursor or anew. */
  ask(attempt = 0, wants: Wants = 'all'): void {
    if (!this.#socket.isOpen()) return;
    this.#ref = this.#socket.nextRef();
    const ref = this.#ref;
    const { settings, counts } = this.#context;
    const from = this.#knowledge ?? this.#stored;
    const isShortGap = attempt === 0 && wants === 'all' && this.#socket.silenceMs() <= settings.resyncAfterMs;
    this.#await({ state: 'asked', ref, attempt, wants, parts: null });
    const topic = this.name;
    this.#asked = null;
    // Nothing that it could be counted from: a server may not know `missed`.
    if (wants === 'state') {
      counts.resyncs++;
      return this.#socket.write({ type: 'resync_request', topic, ref, last_seen: null, missed: false });
    }
    this.#asked = from && { epoch: from.epoch, offset: from.offset };
    const request = { topic, ref, ...(this.#asked && { cursor: this.#asked }) };
    // The server's own timestamp; where it gives none, there is none to tell.
    const lastSeen = from?.lastSeen || null;
    if (isShortGap && this.#knowledge) {
      const seen = lastSeen !== null && { last_seen: { offset: this.#knowledge.offset, ts: lastSeen } };
      return this.#socket.write({ type: 'subscribe', ...request, ...seen });
    }
    counts.resyncs++;
    this.#socket.write({ type: 'resync_request', ...request, last_seen: lastSeen });
  }

  /** Nobody listens any more. */
  stop(): void {
    const { state } = this.#subscription;
    if (state === 'asked' || state === 'live') {
      this.#socket.write({ type: 'unsubscribe', topic: this.name, ref: this.#socket.nextRef() });
    }
    this.#context.deadlines.clear(this.#deadline);
  }

  disconnected(): void {
    this.#context.deadlines.clear(this.#deadline);
    if (this.#subscription.state !== 'refused') this.#setSubscription({ state: 'none' });
  }

  subscribed({ ref, epoch, offset, recovered }: ServerFrameOf['subscribed']): void {
    const subscription = this.#subscription;
    if (ref === 0) {
      if (subscription.state !== 'live') return;
      // A snapshot follows. In the same epoch it goes on from where the server believes the hub to stand: what was lost on
      // its way would be in none.
      if (this.#knowledge?.epoch === epoch) return this.#askForMissing(subscription);
      return this.#await({ state: 'asked', ref, attempt: 0, wants: 'all', parts: null });
    }
    if (subscription.state !== 'asked' || subscription.ref !== ref || !recovered) return;
    const knowledge = this.#knowledge;
    if (knowledge?.epoch !== epoch) return this.#askAgain(subscription.attempt + 1);
    // What was repeated ahead of its order is repeated again.
    knowledge.criticals.forgetBeyond(knowledge.offset);
    this.#live(subscription.attempt, offset);
  }

  /** @param characters how large the frame was as text */
  snapshot(frame: ServerFrameOf['snapshot'], characters: number): void {
    const subscription = this.#subscription;
    if (subscription.state !== 'asked' || subscription.ref !== frame.ref) return;
    const parts =
      frame.part === 0
        ? { epoch: frame.epoch, next: 0, characters: 0, events: [], missed: null, truncated: false }
        : subscription.parts;
    if (!parts || parts.next !== frame.part || parts.epoch !== frame.epoch)
      return this.#askAgain(subscription.attempt + 1, subscription.wants);
    parts.characters += characters;
    if (parts.characters > SNAPSHOT_CHARACTERS) return this.#tooLarge(subscription.wants);
    for (const item of frame.events) parts.events.push(item);
    if (frame.missed) parts.missed ??= [];
    for (const item of frame.missed ?? []) parts.missed?.push(item);
    parts.truncated ||= frame.truncated === true;
    parts.next++;
    subscription.parts = parts;
    if (!frame.last) return this.#await(subscription);
    this.#apply(frame, parts);
    this.#live(subscription.attempt, 0);
  }

  event(frame: ServerFrameOf['event']): void {
    const subscription = this.#subscription;
    const knowledge = this.#knowledge;
    if (subscription.state !== 'live' || !knowledge) return;
    const { counts } = this.#context;
    const isRepeat = frame.offset <= knowledge.offset;
    if (frame.redelivery || (isRepeat && frame.ack)) return this.#redelivered(frame, knowledge);
    if (isRepeat) {
      counts.repeats++;
      return;
    }
    if ((frame.prev ?? frame.offset - 1) !== knowledge.offset) {
      counts.holes++;
      return this.#askForMissing(subscription);
    }
    counts.events++;
    knowledge.offset = frame.offset;
    knowledge.lastSeen = frame.ts;
    this.#statusVersion++;
    const isReplay = frame.offset <= subscription.replayUntil;
    const item = this.#read(frame, isReplay, frame.ack === true);
    if (!item) {
      if (frame.ack) this.#failed(frame, knowledge);
      return;
    }
    knowledge.cache.put(item);
    const passed = this.#isGapAhead ? { ...item, gap: true as const } : item;
    this.#isGapAhead = false;
    this.#pass(passed, isReplay ? 'replay' : 'live', knowledge);
  }

  refused(code: string, message: string, ended: boolean, ref: number | undefined): void {
    const subscription = this.#subscription;
    const isStale = ref !== undefined && ref !== 0 && ref !== this.#ref;
    if (isStale || subscription.state === 'none' || subscription.state === 'refused') return;
    // What was asked is not answered; whether an earlier subscription goes on makes no difference.
    if (code === 'rate_limited' && (ended || subscription.state === 'asked')) {
      const wants = subscription.state === 'asked' ? subscription.wants : 'all';
      return this.#askLater(subscription.attempt + 1, wants);
    }
    if (ended) this.#refuse(code, message);
    else if (code === 'too_large') {
      this.#isGapAhead = true;
      this.#gap(message);
    }
  }

  /** A page took critical events. @param ts of each of them, by which it is known from a later one of its offset */
  took(epoch: string, offsets: readonly number[], ts: readonly number[] = []): void {
    const knowledge = this.#knowledge;
    if (knowledge?.epoch !== epoch) return;
    for (const [i, offset] of offsets.entries()) knowledge.criticals.took(offset, ts[i]);
    this.acknowledge();
  }

  /** Tells the server which critical events a page took, if it can be told now. */
  acknowledge(): void {
    if (!this.#knowledge || this.#subscription.state !== 'live') return;
    const { epoch, criticals } = this.#knowledge;
    for (let told = criticals.takeAcknowledgements(); told; told = criticals.takeAcknowledgements())
      this.#socket.write({ type: 'ack', topic: this.name, epoch, ...told });
  }

  #tooLarge(wants: Wants): void {
    if (wants === 'all') return this.ask(0, 'state');
    const message = `the state of topic ${this.name} is beyond ${SNAPSHOT_CHARACTERS} characters, which is more than the hub holds`;
    this.#context.reportOnce(`state:${this.name}`, 'too_large', message);
    this.stop();
    this.#refuse('too_large', message);
  }

  #refuse(code: string, message: string): void {
    this.#context.deadlines.clear(this.#deadline);
    this.#setSubscription({ state: 'refused', code, message });
  }

  get #deadline(): DeadlineName {
    return `topic:${this.name}`;
  }

  /** What the subscription brings does not follow what is known. */
  #askForMissing({ since, attempt }: Subscription & { state: 'live' }): void {
    const isStable = this.#context.now - since >= STABLE_AFTER_MS;
    this.#askAgain(isStable ? 1 : attempt + 1);
  }

  /** The first failure is mended at once; after that it takes longer each time. */
  #askAgain(attempt: number, wants: Wants = 'all'): void {
    if (attempt <= 1) this.ask(attempt, wants);
    else this.#askLater(attempt, wants);
  }

  #askLater(attempt: number, wants: Wants): void {
    // A number that no answer carries.
    this.#ref = this.#socket.nextRef();
    this.#setSubscription({ state: 'asked', ref: this.#ref, attempt, wants, parts: null });
    const waitMs = retryWaitMs(this.#context, attempt - 1);
    this.#context.after(this.#deadline, waitMs, () => this.ask(attempt, wants));
  }

  /** An answer is due; it is asked for again when it does not come. */
  #await(asked: Subscription & { state: 'asked' }): void {
    this.#awaitFor(asked, Math.min(ANSWER_TIMEOUT_MS * 2 ** asked.attempt, ANSWER_TIMEOUT_MAX_MS));
    this.#setSubscription(asked);
  }

  #awaitFor(asked: Subscription & { state: 'asked' }, waitMs: number): void {
    this.#context.after(this.#deadline, waitMs, () => {
      // To ask again would only bring the same once more: what was asked is behind what the line carries.
      const leftMs = ANSWER_TIMEOUT_MS - this.#socket.unburdenedMs();
      if (leftMs > 0) this.#awaitFor(asked, leftMs);
      else this.ask(asked.attempt + 1, asked.wants);
    });
  }

  #live(attempt: number, replayUntil: number): void {
    const { deadlines, now } = this.#context;
    deadlines.clear(this.#deadline);
    this.#setSubscription({ state: 'live', attempt, since: now, replayUntil });
    this.acknowledge();
  }

  #setSubscription(subscription: Subscription): void {
    this.#subscription = subscription;
    this.#statusVersion++;
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

  #apply({ epoch, offset, ts }: ServerFrameOf['snapshot'], parts: Parts): void {
    const known = this.#knowledge?.epoch === epoch ? this.#knowledge : null;
    const criticals = known?.criticals ?? new Criticals();
    // A server may have lost its newest events: its word counts, and their offsets are free for others.
    criticals.forgetBeyond(offset);
    criticals.forgetUntold();
    if (this.#stored?.epoch === epoch && this.#stored.offset > offset) this.#stored = null;
    const read = (item: SnapshotItem) => this.#read(item, true, false);
    const readable = parts.events.map(read);
    const events = readable.filter((item) => item !== null);
    // How many without a key a server keeps is not known: what came before the first that it sent may be missing. Of one that
    // cannot be read it is not known whether it has a key.
    const isUnclear = parts.events.some(({ key }, i) => key == null && !readable[i]);
    const first = events.find(({ key }) => key === null);
    const completeSince = first ? first.offset - 1 : isUnclear ? offset : 0;
    const from = this.#knowledge ?? this.#stored;
    const place = from?.epoch === epoch && { ...from, ts: from.lastSeen };
    const hasAll = place ? reachesBack(events, completeSince, place) : !first && !isUnclear;
    if (parts.truncated) this.#gap('the server does not have all of it any more');
    else if (!parts.missed && from && !hasAll) this.#gap('there is no more than the state of it');
    const cache = new LastValueCache(this.#context.settings.tailLimit, completeSince);
    for (const item of events) cache.put(item);
    const isNew = (item: TabItem) => !place || isMissed(item, place);
    const missed = (parts.missed?.map(read) ?? (known ? events.filter(isNew) : []))
      .filter((item) => item !== null)
      .filter((item) => !item.critical || criticals.arrived(item));
    const losable = missed.filter((item) => isNew(item) && isLosableItem(item)).length;
    this.#knowledge = { epoch, offset, lastSeen: ts, cache, criticals };
    const ends = { completeSince, asked: parts.missed && this.#asked, gaps: this.#gaps };
    this.journal.addSnapshot({ epoch, offset, ts, events, missed, losable, ...ends });
  }

  #redelivered(frame: ServerFrameOf['event'], knowledge: Knowledge): void {
    const item = this.#read(frame, true, true);
    if (item) this.#pass(asRepeat(item), 'repeat', knowledge);
    else this.#failed(frame, knowledge);
  }

  /** To the tabs, but for a repeat that a page took already. (In its order it is for those who merely watch as well.) */
  #pass(item: TabItem, as: 'live' | 'replay' | 'repeat', { epoch, criticals }: Knowledge): void {
    const isTaken = item.critical && !criticals.arrived(item);
    if (!isTaken || as !== 'repeat') this.journal.addEvent(epoch, item, as);
    if (isTaken) this.acknowledge();
  }

  #failed({ offset }: ServerFrameOf['event'], { criticals }: Knowledge): void {
    criticals.failed(offset, 'invalid_event');
    this.acknowledge();
  }

  /** Judges an event by its schema; one that fails is counted, and reported once per type. */
  #read(item: SnapshotItem, replayed: boolean, ack: boolean): TabItem | null {
    const interpreted = interpretEvent(this.#context.protocol, item.event);
    if (!interpreted.ok) {
      this.#reportUnreadable(item, interpreted);
      return null;
    }
    const { event, key, gone, critical } = interpreted;
    return {
      offset: item.offset,
      ts: item.ts,
      key: item.key ?? key,
      gone: item.gone ?? gone,
      critical: ack || critical,
      replayed,
      event,
    };
  }

  /** Of one with a key, once per topic as well: there a state is shown that is not the newest. */
  #reportUnreadable(
    { event: { type }, key }: SnapshotItem,
    { code, message }: Interpreted<object> & { ok: false },
  ): void {
    const { counts } = this.#context;
    if (code === 'unknown_type') counts.unknownEvents++;
    else counts.invalidEvents++;
    const stale =
      key == null ? '' : `, and what ${key} was before it, if anything, is shown until a newer one`;
    this.#context.reportOnce(
      key == null ? `event:${type}` : `event:${type} in ${this.name}`,
      'invalid_event',
      `${message} (topic ${this.name}); such events are skipped${stale}`,
    );
  }
}

function asRepeat(item: TabItem): TabItem {
  return { ...item, replayed: true, repeat: true };
}

function asReplayed(item: TabItem): TabItem {
  return item.replayed ? item : { ...item, replayed: true };
}
