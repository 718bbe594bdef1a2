/**
 * One topic of one connection. It first catches up from the log, at the pace at which the client reads, and is live
 * when it stands where the topic's published events do: from then on it is given what is committed.
 */
import type { ClientKey, EventLog, From, History, LoggedEvent } from '../log/event-log.ts';
import { byteLength } from './bytes.ts';
import { type Deferred, deferred } from './deferred.ts';
import { eventText, frameText } from './frames.ts';
import type { Limits } from './limits.ts';
import type { Clock } from './peer.ts';
import { Redelivery } from './redelivery.ts';
import type { ServerTime } from './server-time.ts';
import { snapshotTexts } from './snapshot.ts';
import type { ServerStats } from './stats.ts';
import type { Listener, Offered, Topics } from './topics.ts';

/** The connection, as its subscriptions see it. */
export interface Subscriber {
  readonly client: ClientKey;
  /** No frame to this client may be larger. */
  readonly maxBytes: number;
  send(frame: string): void;
  fits(frame: string): boolean;
  /** `null` where more may be sent; else resolves when the client has taken most of what was sent, or is gone. */
  congested(): Promise<void> | null;
  /** How large a part of something large should be on its line. */
  readonly partBytes: number;
  /** Rejects where it cannot be decided, or not in time. */
  mayRead(topic: string): Promise<boolean>;
  /** The server has ended this subscription. */
  gaveUp(subscription: Subscription): void;
  /** The server cannot decide what it may read: it is to come again. */
  undecided(): void;
}

export interface SubscriptionServices {
  readonly log: EventLog;
  readonly topics: Topics;
  readonly clock: Clock;
  readonly time: ServerTime;
  readonly limits: Limits;
  readonly stats: ServerStats;
  report(error: unknown, about: string): void;
}

/** Where a client stands. */
export interface SeenCursor {
  readonly epoch: string;
  readonly offset: number;
  /** The time of the event there; `null` where the client does not tell. */
  readonly ts: number | null;
}

export type SubscribeRequest =
  | { readonly type: 'subscribe'; readonly ref: number; readonly cursor: SeenCursor | null }
  | {
      readonly type: 'resync';
      readonly ref: number;
      readonly cursor: SeenCursor | null;
      readonly lastSeen: number | null;
      /** False: the state alone is asked for. */
      readonly missed: boolean;
    };
/**
 * `anew`: unasked, after the topic's epoch changed, or where the log could not be read to the end. `behind`: it goes on from
 * where it is, by the log.
 */
type Start =
  | SubscribeRequest
  | { readonly type: 'anew'; readonly from: From | null }
  | { readonly type: 'behind' };

type Phase =
  /** Not yet allowed, or still reading from the log: what is published meanwhile is read there. */
  { readonly state: 'joining' } | { readonly state: 'live' } | { readonly state: 'ended' };

/** Events that are read from the log at once. */
const PAGE_EVENTS = 500;
/** After which the log is asked again when it failed. */
const LOG_RETRY_MS = 1_000;

export class Subscription implements Listener {
  readonly topic: string;
  readonly #subscriber: Subscriber;
  readonly #services: SubscriptionServices;
  readonly #redelivery: Redelivery;
  #phase: Phase = { state: 'joining' };
  /** Grows with each begin, so that one that was overtaken notices. */
  #generation = 0;
  #request: SubscribeRequest | null = null;
  /** What it asked for last, the whole of a snapshot included. */
  #answered = false;
  /** So often the rights of its principal have changed: an answer about those of before counts for nothing. */
  #rights = 0;
  /** Resolves when it is known whether the topic may still be read; `null` where that is not being asked. */
  #verdict: Deferred<void> | null = null;
  #epoch = '';
  /** The newest offset that this subscription has dealt with. */
  #processed = 0;
  /** The newest offset that the client was given. */
  #given = 0;
  /** What the client must acknowledge up to here was recorded before the last answer. */
  #recorded = 0;
  /** After an answer: what is owed up to here is still to be given again. What is beyond comes in its order. */
  #toRepeat: number | null = null;
  #retryTimer: (() => void) | null = null;

  constructor(topic: string, subscriber: Subscriber, services: SubscriptionServices) {
    this.topic = topic;
    this.#subscriber = subscriber;
    this.#services = services;
    this.#redelivery = new Redelivery(
      {
        topic,
        owed: () => this.#owed(),
        send: (frame) => subscriber.send(frame),
        fits: (frame) => subscriber.fits(frame),
        congested: () => this.#held(),
      },
      services,
    );
  }

  /** The principal was found to be allowed to read the topic. */
  get isAllowed(): boolean {
    return this.#request !== null;
  }

  get client(): ClientKey {
    return this.#subscriber.client;
  }

  async start(request: SubscribeRequest): Promise<void> {
    const { ref } = request;
    try {
      let rights: number;
      let allowed: boolean;
      do {
        rights = this.#rights;
        allowed = await this.#subscriber.mayRead(this.topic);
      } while (rights !== this.#rights);
      if (this.#phase.state === 'ended') return;
      if (!allowed) {
        this.#forbid(ref);
        return;
      }
    } catch (error) {
      if (this.#phase.state === 'ended') return;
      this.#services.report(error, `authorizing a reader of topic ${this.topic}`);
      this.#error({ code: 'internal', message: 'the server could not decide; try again', ref, ended: false });
      this.#giveUp();
      return;
    }
    this.#request = request;
    this.#services.topics.join(this);
    await this.#begin(request);
  }

  /** The rights of its principal have changed: nothing more is given until it is known that the topic may still be read. */
  async recheck(): Promise<void> {
    this.#rights += 1;
    const rights = this.#rights;
    // Before its first answer, `start` asks again.
    if (!this.#request) return;
    this.#verdict ??= deferred();
    const isOver = () => rights !== this.#rights || this.#phase.state === 'ended';
    try {
      const allowed = await this.#subscriber.mayRead(this.topic);
      if (isOver()) return;
      if (allowed) this.#judged();
      else this.#forbid(this.#request.ref);
    } catch (error) {
      if (isOver()) return;
      this.#services.report(error, `authorizing a reader of topic ${this.topic} anew`);
      this.#subscriber.undecided();
    }
  }

  /** Whoever waits for the verdict goes on, or finds that the subscription has ended. */
  #judged(): void {
    this.#verdict?.resolve();
    this.#verdict = null;
  }

  end(): void {
    if (this.#phase.state === 'ended') return;
    this.#phase = { state: 'ended' };
    this.#judged();
    this.#redelivery.end();
    this.#retryTimer?.();
    this.#services.topics.leave(this);
  }

  #forbid(ref: number): void {
    const message = `you may not read topic ${JSON.stringify(this.topic)}`;
    this.#error({ code: 'forbidden', message, ref, ended: true });
    this.#giveUp();
  }

  #giveUp(): void {
    this.end();
    this.#subscriber.gaveUp(this);
  }

  /** The client has acknowledged them. */
  acknowledged(epoch: string, offsets: readonly number[]): void {
    if (epoch !== this.#epoch) return;
    for (const offset of offsets) this.#redelivery.acknowledged(offset);
  }

  offer(epoch: string, events: readonly Offered[]): void {
    if (this.#phase.state !== 'live') return;
    if (this.#verdict) {
      void this.#begin({ type: 'behind' });
      return;
    }
    if (epoch !== this.#epoch) {
      // The log was renewed: events and offsets are as they were.
      this.#beginAnew({ after: this.#processed });
      return;
    }
    for (const { event, text, isOwedBy } of events) {
      if (event.offset <= this.#processed) continue;
      if (event.critical && !isOwedBy(this.client)) {
        // Published by another server, or before this one was live: nothing that is owed is given before that is recorded.
        void this.#begin({ type: 'behind' });
        return;
      }
      if (event.prev > this.#processed) {
        // The log holds events that were never offered: a commit of unknown end was one after all.
        void this.#begin({ type: 'anew', from: { after: this.#processed } });
        return;
      }
      this.#give(event, event.prev === this.#given ? text : eventText(this.topic, event, this.#given));
    }
  }

  topicEnded(): void {
    this.#redelivery.forget();
    // Who was live was given all that there was; who was not is told that something is missing.
    this.#beginAnew(this.#phase.state === 'live' ? { after: 0 } : { since: 0 });
  }

  /** Unasked, where all that was asked is answered. */
  #beginAnew(from: From): void {
    void this.#begin(this.#answered || !this.#request ? { type: 'anew', from } : this.#request);
  }

  async #begin(start: Start): Promise<void> {
    this.#retryTimer?.();
    this.#phase = { state: 'joining' };
    this.#generation += 1;
    const current = this.#whileCurrent();
    try {
      const known = await this.#answer(start, current);
      if (start.type !== 'behind') this.#toRepeat = this.#processed;
      if (known === null || !(await this.#catchUp(known, current))) return;
      const upTo = this.#toRepeat;
      if (upTo === null) return;
      const owed = await this.#owed();
      if (!current()) return;
      this.#toRepeat = null;
      await this.#redelivery.resume(owed.filter(({ offset }) => offset <= upTo));
    } catch (error) {
      if (!current()) return;
      this.#services.report(error, `reading topic ${this.topic}`);
      const next: Start = this.#answered ? { type: 'anew', from: { after: this.#processed } } : start;
      this.#retryTimer = this.#services.clock.setTimer(LOG_RETRY_MS, () => void this.#begin(next));
    }
  }

  /** Says how the topic stands; resolves to its newest offset as far as it is known, or `null` where it is over. */
  async #answer(start: Start, current: () => boolean): Promise<number | null> {
    if (start.type === 'behind') return this.#services.topics.offered(this.topic);
    if (start.type === 'anew') return await this.#sendSnapshot(0, start.from, start.from, current);
    const { log, stats } = this.#services;
    const { ref, cursor } = start;
    let from: From | null = null;
    if (cursor) {
      const history = await log.read(this.topic, { after: cursor.offset }, { first: 0 });
      if (!current()) return null;
      const proof = proofOf(cursor, history);
      if (proof === 'same' && history.complete && start.type === 'subscribe') {
        const isRecorded = await this.#oweBeyond([], { after: cursor.offset }, history);
        while (this.#verdict) await this.#verdict.promise;
        if (!current()) return null;
        if (!isRecorded) return await this.#answer(start, current);
        stats.recoveries += 1;
        this.#subscribed(ref, history, true);
        this.#answered = true;
        this.#epoch = history.epoch;
        this.#recorded = history.offset;
        this.#processed = cursor.offset;
        this.#given = cursor.offset;
        return history.offset;
      }
      if (proof !== 'other') from = { after: cursor.offset };
    }
    const lastSeen = start.type === 'resync' ? start.lastSeen : (cursor?.ts ?? null);
    if (from === null && lastSeen !== null) from = { since: lastSeen };
    const missedFrom = start.type === 'resync' && !start.missed ? null : from;
    return await this.#sendSnapshot(ref, from, missedFrom, current);
  }

  /** @param from since where the client was away, and owes; `missedFrom`: since where it is told what it missed */
  async #sendSnapshot(
    ref: number,
    from: From | null,
    missedFrom: From | null,
    current: () => boolean,
  ): Promise<number | null> {
    const { log, limits, stats } = this.#services;
    const state = await log.state(this.topic);
    if (!current()) return null;
    const history = missedFrom && (await log.read(this.topic, missedFrom, { last: limits.missedLimit }));
    if (!current()) return null;
    if (history && history.epoch !== state.epoch) return await this.#sendSnapshot(ref, from, null, current);
    const missed = history?.events.filter(({ offset }) => offset <= state.offset) ?? null;
    const isRecorded = await this.#oweBeyond([...state.events, ...(missed ?? [])], from, state);
    while (this.#verdict) await this.#verdict.promise;
    if (!current()) return null;
    if (!isRecorded) return await this.#sendSnapshot(ref, from, missedFrom, current);

    stats.snapshots += 1;
    this.#subscribed(ref, state, false);
    this.#epoch = state.epoch;
    this.#recorded = state.offset;
    this.#processed = state.offset;
    this.#given = state.offset;
    const texts = snapshotTexts(
      { topic: this.topic, ref, ...state, missed, truncated: history?.complete === false },
      { bytes: () => this.#subscriber.partBytes, maxBytes: this.#subscriber.maxBytes },
      (event) => this.#tooLarge(event),
    );
    for (const text of texts) {
      // Asked again after each wait: all who wait are woken together, and the first of them may fill the line.
      for (let held = this.#held(); held; held = this.#held()) {
        await held;
        if (!current()) return null;
      }
      this.#subscriber.send(text);
    }
    this.#answered = true;
    return state.offset;
  }

  /** Reads and gives what follows, until nothing is known that it has not dealt with, and is live then. False where it is over. */
  async #catchUp(known: number, current: () => boolean): Promise<boolean> {
    const { log, topics } = this.#services;
    let newest = known;
    while (this.#processed < Math.max(newest, topics.offered(this.topic))) {
      const page = await log.read(this.topic, { after: this.#processed }, { first: PAGE_EVENTS });
      if (!current()) return false;
      const last = page.events.at(-1);
      const isOf = page.epoch === this.#epoch && page.complete && last;
      const unrecorded = page.events.filter(({ offset }) => offset > this.#recorded);
      const isRecorded = isOf && (await this.#owe(unrecorded, page.epoch, last.offset));
      if (!current()) return false;
      if (!isRecorded) {
        // Of a topic that has ended it begins anew by itself; in a log that was renewed, events and offsets are as they were.
        void this.#begin({ type: 'anew', from: { after: this.#processed } });
        return false;
      }
      for (const event of page.events) {
        // Not awaited in vain: the frames of one turn share a message.
        for (let held = this.#held(); held; held = this.#held()) {
          await held;
          if (!current()) return false;
        }
        this.#give(event, eventText(this.topic, event, this.#given));
      }
      newest = page.offset;
    }
    // In the turn in which it was looked: what is committed later is offered to it.
    this.#phase = { state: 'live' };
    return true;
  }

  /** `null` where more may be given; else resolves when that may have changed. */
  #held(): Promise<void> | null {
    return this.#verdict?.promise ?? this.#subscriber.congested();
  }

  #give(event: LoggedEvent, text: string): void {
    this.#processed = event.offset;
    if (!this.#subscriber.fits(text)) {
      this.#tooLarge(event);
      return;
    }
    this.#given = event.offset;
    this.#services.stats.eventsSent += 1;
    this.#subscriber.send(text);
    if (event.critical) this.#redelivery.sent(event.offset);
  }

  async #owed(): Promise<readonly LoggedEvent[]> {
    return await this.#services.log.owed(this.client, this.topic);
  }

  /**
   * What the answer gives, and what it cannot give of what the client has missed: its cursor passes both.
   *
   * @param answer the topic as it tells it
   */
  async #oweBeyond(
    given: readonly LoggedEvent[],
    from: From | null,
    { epoch, offset }: Pick<History, 'epoch' | 'offset'>,
  ): Promise<boolean> {
    const beyond = await this.#services.log.unrecorded(this.client, this.topic, criticalsOf(given), from);
    return await this.#owe(beyond, epoch, offset);
  }

  /**
   * Resolves to false where it is not recorded: the topic has come into another epoch meanwhile.
   *
   * @param upTo up to there nothing is left to be recorded but these
   */
  async #owe(events: readonly LoggedEvent[], epoch: string, upTo: number): Promise<boolean> {
    const { log, time } = this.#services;
    const offsets = criticalsOf(events);
    if (offsets.length === 0) return true;
    await log.owe(this.client, this.topic, epoch, offsets, upTo, time.now());
    const after = await log.read(this.topic, { after: upTo }, { first: 0 });
    return after.epoch === epoch;
  }

  #subscribed(ref: number, { epoch, offset }: Pick<History, 'epoch' | 'offset'>, recovered: boolean): void {
    this.#subscriber.send(
      frameText({ type: 'subscribed', topic: this.topic, ref, epoch, offset, recovered }),
    );
  }

  #error(error: { code: string; message: string; ref?: number; ended: boolean }): void {
    this.#subscriber.send(frameText({ type: 'error', topic: this.topic, ...error }));
  }

  #tooLarge({ offset, event }: LoggedEvent): void {
    this.#services.stats.eventsTooLarge += 1;
    const { maxBytes } = this.#subscriber;
    const message = `event ${offset} of topic ${JSON.stringify(this.topic)} (${byteLength(event)} bytes) does not fit into a frame of ${maxBytes} bytes, the \`max_frame_bytes\` of this connection's \`hello\`; it is left out`;
    this.#error({ code: 'too_large', message, ended: false });
  }

  #whileCurrent(): () => boolean {
    const generation = this.#generation;
    return () => this.#phase.state !== 'ended' && this.#generation === generation;
  }
}

function criticalsOf(events: readonly LoggedEvent[]): readonly number[] {
  return [...new Set(events.filter(({ critical }) => critical).map(({ offset }) => offset))];
}

/**
 * Whether a client was given this history up to its cursor. Of another one it is told the state, for itself alone: nobody can
 * know whether the log has lost something or the client is wrong.
 */
function proofOf({ epoch, offset, ts }: SeenCursor, history: History): 'same' | 'other' | 'unknown' {
  if (epoch !== history.epoch || offset > history.offset) return 'other';
  if (offset === 0 || ts === null) return 'same';
  if (history.afterTs === null) return 'unknown';
  return history.afterTs === ts ? 'same' : 'other';
}
