/** A welcomed connection: its topics, its commands, its acknowledgements. */
import type { ClientFrame, ClientFrameOf, Cursor } from '../../protocol/frames/index.ts';
import type { ClientKey, EventLog, Principal } from '../log/event-log.ts';
import type { Claims } from '../types.ts';
import type { Commands, Requester } from './command-lanes.ts';
import type { Contender, Fence } from './fence.ts';
import { frameText } from './frames.ts';
import { badFrame, type Goodbye, overloaded } from './goodbye.ts';
import { inTime } from './in-time.ts';
import { isStorable } from './names.ts';
import {
  type SeenCursor,
  type SubscribeRequest,
  type Subscriber,
  Subscription,
  type SubscriptionServices,
} from './subscription.ts';
import { TokenBucket } from './token-bucket.ts';

/** The socket, as its session sees it. */
export interface Line {
  send(frame: string): void;
  fits(frame: string): boolean;
  /** `null` where more may be sent; else resolves when the client has taken most of what was sent, or is gone. */
  congested(): Promise<void> | null;
  /** How large a part of something large should be on this line. */
  readonly partBytes: number;
  goodbye(goodbye: Goodbye): void;
}

export interface SessionServices extends SubscriptionServices {
  readonly log: EventLog;
  readonly fence: Fence;
  readonly commands: Commands;
  mayRead(principal: Principal, topic: string, claims: Claims): Promise<boolean>;
  mayWrite(principal: Principal, topic: string, claims: Claims): Promise<boolean>;
}

export interface SessionIdentity {
  readonly client: ClientKey;
  /** What `authenticate` knows of its principal. */
  readonly claims: Claims;
  readonly term: number;
  /** Where its socket comes from; empty where that is unknown. */
  readonly address: string;
  /** The number of its socket. */
  readonly number: number;
  /** Of its admission in the log. */
  readonly position: number;
  /** The largest message that the client reads. */
  readonly maxBytes: number;
  /** It was told that commands are remembered since then. */
  readonly rememberedSince: number;
}

/** More in one frame would hold up everybody else while they are recorded. */
const OFFSETS_PER_ACK = 10_000;
/** Beyond it acknowledgements are dropped: the events come again, and are acknowledged again. */
const ACKNOWLEDGING_LIMIT = 100_000;
/** Longer than any name that a server gives to an epoch. */
const EPOCH_LENGTH_LIMIT = 1_024;

/** What a subscription keeps is bounded: a cursor of an epoch that never was is none. */
function cursorOf({ cursor }: { cursor?: Cursor | undefined }, ts: number | null): SeenCursor | null {
  return cursor && cursor.epoch.length <= EPOCH_LENGTH_LIMIT ? { ...cursor, ts } : null;
}

export class Session implements Contender, Subscriber, Requester {
  readonly client: ClientKey;
  readonly term: number;
  readonly address: string;
  readonly number: number;
  readonly position: number;
  readonly maxBytes: number;
  readonly rememberedSince: number;
  readonly #claims: Claims;
  readonly #line: Line;
  readonly #services: SessionServices;
  readonly #requests: TokenBucket;
  readonly #subscriptions = new Map<string, Subscription>();
  #mayRun = true;
  #mayCommit = true;
  #isOver = false;
  /** Offsets of acknowledgements that are being recorded. */
  #acknowledging = 0;

  constructor(identity: SessionIdentity, line: Line, services: SessionServices) {
    const { client, claims, term, address, number, position, maxBytes, rememberedSince } = identity;
    this.#claims = claims;
    this.rememberedSince = rememberedSince;
    this.client = client;
    this.term = term;
    this.address = address;
    this.number = number;
    this.position = position;
    this.maxBytes = maxBytes;
    this.#line = line;
    this.#services = services;
    const { resyncsPerMinute, subscriptionsPerConnection } = services.limits;
    const burst = Math.max(resyncsPerMinute, subscriptionsPerConnection);
    this.#requests = new TokenBucket(resyncsPerMinute, 60_000, burst, services.clock.elapsed);
  }

  get mayRun(): boolean {
    return this.#mayRun;
  }

  get mayCommit(): boolean {
    return this.#mayCommit;
  }

  send(frame: string): void {
    this.#line.send(frame);
  }

  fits(frame: string): boolean {
    return this.#line.fits(frame);
  }

  congested(): Promise<void> | null {
    return this.#line.congested();
  }

  get partBytes(): number {
    return this.#line.partBytes;
  }

  async mayRead(topic: string): Promise<boolean> {
    const ask = () => this.#services.mayRead(this.client.principal, topic, this.#claims);
    return await inTime(this.#services, 'authenticateMs', ask, 'authorize');
  }

  async mayWrite(topic: string): Promise<boolean> {
    return await this.#services.mayWrite(this.client.principal, topic, this.#claims);
  }

  gaveUp(subscription: Subscription): void {
    if (this.#subscriptions.get(subscription.topic) === subscription) {
      this.#subscriptions.delete(subscription.topic);
    }
  }

  undecided(): void {
    this.#line.goodbye(overloaded('the server could not decide what may be read; try again'));
  }

  /** The rights of its principal have changed. */
  recheck(): void {
    for (const subscription of this.#subscriptions.values()) void subscription.recheck();
  }

  /** No command of it is started from here on. */
  stopCommands(): void {
    this.#mayRun = false;
  }

  supersede(): void {
    this.stopCommands();
    // What a lost connection had begun stood against no other: it is committed, and its repeat waits for that.
    if (!this.#isOver) this.#mayCommit = false;
    this.#line.goodbye({ code: 'superseded', message: 'a newer connection took over', retry: false });
  }

  outlivedMemory(): void {
    this.stopCommands();
    const message = 'the server remembers commands less far back than it told; connect anew';
    this.#line.goodbye({ code: 'draining', message, retry: true });
  }

  /** The socket is gone, or going. What arrived on it still runs, unless `stopCommands` was called. */
  end(): void {
    this.#isOver = true;
    for (const subscription of this.#subscriptions.values()) subscription.end();
    this.#subscriptions.clear();
    this.#services.fence.left(this, this.#services.clock.elapsed);
  }

  take(frame: ClientFrame): void {
    switch (frame.type) {
      case 'hello':
        this.#line.goodbye(badFrame('a second `hello`'));
        return;
      case 'subscribe':
        this.#subscribe(frame.topic, {
          type: 'subscribe',
          ref: frame.ref,
          cursor: cursorOf(
            frame,
            frame.last_seen?.offset === frame.cursor?.offset ? (frame.last_seen?.ts ?? null) : null,
          ),
        });
        return;
      case 'resync_request':
        this.#subscribe(frame.topic, {
          type: 'resync',
          ref: frame.ref,
          cursor: cursorOf(frame, frame.last_seen),
          lastSeen: frame.last_seen,
          missed: frame.missed ?? true,
        });
        return;
      case 'unsubscribe':
        this.#subscriptions.get(frame.topic)?.end();
        this.#subscriptions.delete(frame.topic);
        return;
      case 'command':
        this.#services.commands.receive(this, frame);
        return;
      case 'withdraw':
        this.#services.commands.withdraw(this, frame.id);
        return;
      case 'ack':
        this.#takeAcknowledgement(frame);
        return;
      case 'ping':
        this.send(frameText({ type: 'pong', id: frame.id, server_time: this.#services.time.now() }));
    }
  }

  #subscribe(topic: string, request: SubscribeRequest): void {
    const { limits } = this.#services;
    const { ref } = request;
    if (!isStorable(topic)) {
      const message = `there is no topic ${JSON.stringify(topic)}`;
      this.send(frameText({ type: 'error', code: 'unknown_topic', message, topic, ref, ended: true }));
      return;
    }
    const before = this.#subscriptions.get(topic);
    if (!before && this.#subscriptions.size >= limits.subscriptionsPerConnection) {
      const message = `more than ${limits.subscriptionsPerConnection} topics on one connection`;
      this.#rateLimited({ message, topic, ref, ended: true });
      return;
    }
    if (!this.#requests.take(this.#services.clock.elapsed)) {
      const message = `more than ${limits.resyncsPerMinute} requests for topics a minute; wait`;
      this.#rateLimited({ message, topic, ref, ended: false });
      return;
    }
    before?.end();
    const subscription = new Subscription(topic, this, this.#services);
    this.#subscriptions.set(topic, subscription);
    void subscription.start(request);
  }

  #takeAcknowledgement({ topic, epoch, offsets, failed = [] }: ClientFrameOf['ack']): void {
    const all = [...offsets, ...failed.map(({ offset }) => offset)];
    if (all.length > OFFSETS_PER_ACK) {
      const most = `send at most ${OFFSETS_PER_ACK} at once`;
      this.#line.goodbye(badFrame(`an \`ack\` of ${all.length} offsets; ${most}`));
      return;
    }
    if (this.#acknowledging > ACKNOWLEDGING_LIMIT) {
      const message = 'too many acknowledgements at once; they will be asked for again';
      this.#rateLimited({ message, topic, ended: false });
      return;
    }
    // One without offsets is work as well.
    const cost = all.length + 1;
    this.#acknowledging += cost;
    void this.#acknowledge(topic, epoch, all).then(() => {
      this.#acknowledging -= cost;
    });
  }

  #rateLimited(error: { message: string; topic: string; ref?: number; ended: boolean }): void {
    this.#services.stats.rateLimited += 1;
    this.send(frameText({ type: 'error', code: 'rate_limited', ...error }));
  }

  async #acknowledge(topic: string, epoch: string, all: readonly number[]): Promise<void> {
    const { log, stats, report } = this.#services;
    try {
      // Acknowledgements may also come after the end of the subscription.
      if (!this.#subscriptions.get(topic)?.isAllowed && !(await this.mayRead(topic))) {
        const message = `you may not read topic ${JSON.stringify(topic)}`;
        this.send(frameText({ type: 'error', code: 'forbidden', message, topic, ended: false }));
        return;
      }
      await log.acknowledge(this.client, topic, epoch, all);
      stats.acknowledged += all.length;
      this.#subscriptions.get(topic)?.acknowledged(epoch, all);
    } catch (error) {
      report(error, `recording acknowledgements for topic ${topic}`);
    }
  }
}
