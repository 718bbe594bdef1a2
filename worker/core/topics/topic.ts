import type { ClientFrame, ServerFrameOf, SnapshotItem } from '../../../src/protocol/frames/index.ts';
import { type Interpreted, interpretEvent } from '../../../src/protocol/interpret.ts';
import type { TopicStatus } from '../../../src/protocol/model.ts';
import type { Position, TabItem } from '../../../src/protocol/port.ts';
import type { Context } from '../context.ts';
import type { TabId } from '../io.ts';
import type { StoredCursor } from '../store.ts';
import { LastValueCache } from './cache.ts';
import { Criticals } from './criticals.ts';
import { Journal } from './journal.ts';
import { type Credited, Seat, type SeatTopic, type TopicState } from './seat.ts';

/** What a topic needs of the connection. */
export interface TopicSocket {
  isOpen(): boolean;
  /** Only while it is open. */
  write(frame: ClientFrame): void;
  nextRef(): number;
  /** For how long nothing had been heard when the connection opened. */
  silenceMs(): number;
}

/** How long the server may take to answer, at first; doubled by each failure. */
const ANSWER_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MAX_MS = 60_000;

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
  /** Asked for; until it is answered the topic's other events are discarded. */
  | { state: 'asked'; ref: number; attempt: number; parts: Parts | null }
  /** Events up to `replayUntil` happened before the subscription. */
  | { state: 'live'; ref: number; replayUntil: number }
  | { state: 'refused'; code: string; message: string };
interface Parts {
  epoch: string;
  next: number;
  events: SnapshotItem[];
  missed: SnapshotItem[];
}

/** One topic: its subscription at the server, its state, and the seats of the tabs that listen. */
export class Topic implements SeatTopic {
  readonly name: string;
  readonly journal = new Journal();
  readonly seats = new Map<TabId, Seat>();
  readonly #context: Context;
  readonly #socket: TopicSocket;
  #subscription: Subscription = { state: 'none' };
  #knowledge: Knowledge | null = null;
  /** The newest place that some page has credited, in this life of the topic or an earlier one. */
  #stored: StoredCursor | null;

  constructor(name: string, context: Context, socket: TopicSocket, stored: StoredCursor | null) {
    this.name = name;
    this.#context = context;
    this.#socket = socket;
    this.#stored = stored;
  }

  get floodBuffer(): number {
    return this.#context.settings.floodBuffer;
  }

  get sizes(): { keys: number; tail: number; queued: number; unacknowledged: number } {
    const cache = this.#knowledge?.cache;
    const unacknowledged = this.#knowledge?.criticals.size ?? 0;
    return { keys: cache?.keys ?? 0, tail: cache?.tail ?? 0, queued: this.journal.size, unacknowledged };
  }

  get hasState(): boolean {
    return this.#knowledge !== null;
  }

  state(): TopicState | null {
    if (!this.#knowledge) return null;
    const { epoch, offset, lastSeen: ts, cache, criticals } = this.#knowledge;
    const items = cache.items().map(asReplayed);
    return { epoch, offset, ts, items, unacknowledged: criticals.waiting.map(asReplayed) };
  }

  status(dropped: number): TopicStatus {
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
    };
  }

  /** A tab needs the state. One that was refused is tried again by whoever comes anew. */
  take(tab: TabId, ticket: number, position: Position | null): void {
    const isNew = !this.seats.has(tab);
    const seat = this.seats.get(tab) ?? new Seat(this);
    this.seats.set(tab, seat);
    seat.ask(ticket, position);
    if (this.#subscription.state === 'none' || (isNew && this.#subscription.state === 'refused')) this.ask();
  }

  /** The last place in it that is known, for the topic's next life. */
  get lastKnown(): StoredCursor | null {
    return this.#stored;
  }

  /** Some page has credited everything up to here. */
  credited({ epoch, offset, ts }: Credited): StoredCursor | null {
    const isOlder = this.#stored?.epoch === epoch && this.#stored.offset >= offset;
    if (this.#knowledge?.epoch !== epoch || isOlder) return null;
    this.#stored = { topic: this.name, epoch, offset, lastSeen: ts, savedAt: this.#context.now };
    return this.#stored;
  }

  /** Asks the server for the topic, by its cursor or anew. */
  ask(attempt = 0): void {
    if (!this.#socket.isOpen()) return;
    const ref = this.#socket.nextRef();
    const { settings, counts } = this.#context;
    const { epoch, offset, lastSeen } = this.#knowledge ?? this.#stored ?? {};
    const cursor = epoch === undefined || offset === undefined ? {} : { cursor: { epoch, offset } };
    const isShortGap =
      this.#knowledge !== null && attempt === 0 && this.#socket.silenceMs() <= settings.resyncAfterMs;
    this.#await({ state: 'asked', ref, attempt, parts: null });
    const request = { topic: this.name, ref, ...cursor };
    if (isShortGap) return this.#socket.write({ type: 'subscribe', ...request });
    counts.resyncs++;
    // The server's own timestamp; where it gives none, there is none to tell.
    this.#socket.write({ type: 'resync_request', ...request, last_seen: lastSeen || null });
  }

  /** Nobody listens any more. */
  stop(): void {
    const subscription = this.#subscription;
    if ('ref' in subscription && this.#socket.isOpen()) {
      this.#socket.write({ type: 'unsubscribe', topic: this.name, ref: subscription.ref });
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
      // The topic's epoch changed under us: a snapshot follows.
      if (subscription.state === 'live') this.#await({ state: 'asked', ref, attempt: 0, parts: null });
      return;
    }
    if (subscription.state !== 'asked' || subscription.ref !== ref || !recovered) return;
    if (this.#knowledge?.epoch !== epoch) return this.ask(subscription.attempt + 1);
    this.#context.deadlines.clear(this.#deadline);
    this.#setSubscription({ state: 'live', ref, replayUntil: offset });
    this.acknowledge();
  }

  snapshot(frame: ServerFrameOf['snapshot']): void {
    const subscription = this.#subscription;
    if (subscription.state !== 'asked' || subscription.ref !== frame.ref) return;
    const parts =
      frame.part === 0 ? { epoch: frame.epoch, next: 0, events: [], missed: [] } : subscription.parts;
    if (!parts || parts.next !== frame.part || parts.epoch !== frame.epoch)
      return this.ask(subscription.attempt + 1);
    for (const item of frame.events) parts.events.push(item);
    for (const item of frame.missed ?? []) parts.missed.push(item);
    parts.next++;
    subscription.parts = parts;
    if (!frame.last) return this.#await(subscription);
    this.#context.deadlines.clear(this.#deadline);
    this.#apply(frame, parts);
    this.#setSubscription({ state: 'live', ref: subscription.ref, replayUntil: 0 });
    this.acknowledge();
  }

  event(frame: ServerFrameOf['event']): void {
    if (frame.redelivery) return this.#redelivered(frame);
    const { counts } = this.#context;
    const knowledge = this.#knowledge;
    if (this.#subscription.state !== 'live' || !knowledge) return;
    if (frame.offset <= knowledge.offset) {
      counts.repeats++;
      return;
    }
    if ((frame.prev ?? frame.offset - 1) !== knowledge.offset) {
      counts.holes++;
      return this.ask(1);
    }
    counts.events++;
    knowledge.offset = frame.offset;
    knowledge.lastSeen = frame.ts;
    const isReplay = frame.offset <= this.#subscription.replayUntil;
    const item = this.#read(frame, isReplay, frame.ack === true);
    if (!item) {
      if (frame.ack) this.#failed(frame);
      return this.#statusChanged();
    }
    knowledge.cache.put(item);
    if (!item.critical || knowledge.criticals.arrived(item)) {
      this.journal.addEvent(knowledge.epoch, item, isReplay ? 'replay' : 'live', this.floodBuffer);
    }
    this.#statusChanged();
  }

  refused(code: string, message: string, ended: boolean, ref: number | undefined): void {
    const subscription = this.#subscription;
    const isStale = ref !== undefined && 'ref' in subscription && subscription.ref !== ref;
    if (isStale || subscription.state === 'none') return;
    if (!ended) return;
    this.#context.deadlines.clear(this.#deadline);
    if (code === 'rate_limited') {
      const attempt = subscription.state === 'asked' ? subscription.attempt + 1 : 1;
      this.#setSubscription({ state: 'asked', ref: this.#socket.nextRef(), attempt, parts: null });
      const { deadlines, now, random } = this.#context;
      deadlines.set(this.#deadline, now + (0.5 + random() / 2) * answerTimeoutMs(attempt), () =>
        this.ask(attempt),
      );
      return;
    }
    this.#setSubscription({ state: 'refused', code, message });
  }

  /** A page took critical events. */
  took(epoch: string, offsets: readonly number[]): void {
    if (this.#knowledge?.epoch !== epoch) return;
    for (const offset of offsets) this.#knowledge.criticals.took(offset);
    this.acknowledge();
  }

  /** Tells the server which critical events a page took, if it can be told now. */
  acknowledge(): void {
    if (!this.#knowledge || !this.#socket.isOpen()) return;
    const { epoch, criticals } = this.#knowledge;
    const told = criticals.takeAcknowledgements();
    if (!told) return;
    const { offsets, failed } = told;
    this.#socket.write({
      type: 'ack',
      topic: this.name,
      epoch,
      offsets,
      ...(failed.length > 0 && { failed }),
    });
  }

  get #deadline(): string {
    return `topic:${this.name}`;
  }

  /** An answer is due; it is asked for again when it does not come. */
  #await(asked: Subscription & { state: 'asked' }): void {
    const { deadlines, now } = this.#context;
    deadlines.set(this.#deadline, now + answerTimeoutMs(asked.attempt), () => this.ask(asked.attempt + 1));
    this.#setSubscription(asked);
  }

  #setSubscription(subscription: Subscription): void {
    this.#subscription = subscription;
    this.#statusChanged();
  }

  #statusChanged(): void {
    for (const seat of this.seats.values()) seat.statusChanged();
  }

  #apply({ epoch, offset, ts }: ServerFrameOf['snapshot'], parts: Parts): void {
    const criticals = this.#knowledge?.epoch === epoch ? this.#knowledge.criticals : new Criticals();
    const cache = new LastValueCache(this.#context.settings.tailLimit);
    const read = (item: SnapshotItem) => this.#read(item, true, false);
    const events = parts.events.map(read).filter((item) => item !== null);
    for (const item of events) cache.put(item);
    const missed = parts.missed
      .map(read)
      .filter((item) => item !== null)
      .filter((item) => !item.critical || criticals.arrived(item));
    this.#knowledge = { epoch, offset, lastSeen: ts, cache, criticals };
    // A server may have lost its newest events: its word counts, also where it is lower.
    if (this.#stored?.epoch === epoch && this.#stored.offset > offset) this.#stored = null;
    this.journal.addSnapshot({ epoch, offset, ts, events, missed });
  }

  #redelivered(frame: ServerFrameOf['event']): void {
    const knowledge = this.#knowledge;
    // Without a state there is no epoch to acknowledge it in; it will come again.
    if (!knowledge || (this.#subscription.state !== 'live' && this.#subscription.state !== 'asked')) return;
    const item = this.#read(frame, true, true);
    if (!item) this.#failed(frame);
    else if (knowledge.criticals.arrived(item))
      this.journal.addEvent(knowledge.epoch, item, 'repeat', this.floodBuffer);
    else this.acknowledge();
  }

  #failed({ offset }: ServerFrameOf['event']): void {
    this.#knowledge?.criticals.failed(offset, 'invalid_event');
    this.acknowledge();
  }

  /** Judges an event by its schema; one that fails is counted, and reported once per type. */
  #read(item: SnapshotItem, replayed: boolean, ack: boolean): TabItem | null {
    const interpreted = interpretEvent(this.#context.protocol, item.event);
    if (!interpreted.ok) {
      this.#reportUnreadable(item.event.type, interpreted);
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

  #reportUnreadable(type: string, { code, message }: Interpreted<object> & { ok: false }): void {
    const { counts } = this.#context;
    if (code === 'unknown_type') counts.unknownEvents++;
    else counts.invalidEvents++;
    this.#context.reportOnce(
      `event:${type}`,
      'invalid_event',
      `${message} (topic ${this.name}); such events are skipped`,
    );
  }
}

function answerTimeoutMs(attempt: number): number {
  return Math.min(ANSWER_TIMEOUT_MS * 2 ** attempt, ANSWER_TIMEOUT_MAX_MS);
}

function asReplayed(item: TabItem): TabItem {
  return item.replayed ? item : { ...item, replayed: true };
}
