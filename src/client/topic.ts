import type { TopicStatus } from '../protocol/model.ts';
import type { Position, SnapshotUpdate, TopicUpdate } from '../protocol/port.ts';
import type { Link } from './connect.ts';
import { type Consumer, type Item, toItem, union } from './consumer.ts';
import { Criticals } from './critical.ts';
import { attempt, type Report } from './errors.ts';
import { latest } from './latest.ts';
import { type Cell, cell, until } from './readable.ts';
import type { ListenOptions } from './types.ts';
import { type Reducer, view } from './view.ts';

let lastTicket = 0;

/** One topic in this tab: asks the hub for it while it has consumers, and gives each what it has not seen. */
export class TopicClient {
  readonly name: string;
  readonly status: Cell<TopicStatus>;
  readonly #link: Link;
  readonly #report: Report;
  readonly #consumers = new Set<Consumer>();
  readonly #criticals: Criticals;
  /** Of this epoch, still to be told to the hub. */
  #took = new Map<number, boolean>();
  #epoch: string | null = null;
  #position: Position | null = null;
  #isSubscribed = false;
  #parts: SnapshotUpdate[] = [];

  constructor(name: string, link: Link, report: Report) {
    this.name = name;
    this.#link = link;
    this.#report = report;
    this.status = cell<TopicStatus>({ state: 'idle' }, report);
    this.#criticals = new Criticals((item, taken) => {
      if (this.#took.size === 0) queueMicrotask(() => this.#tellTaken());
      this.#took.set(item.meta.offset, taken);
    });
  }

  on(
    type: string | readonly string[],
    listener: (event: Item['event'], meta: Item['meta']) => unknown,
    { signal, replay = 'missed' }: ListenOptions = {},
  ): () => void {
    const types = [type].flat();
    return this.#consume(signal, {
      state: replay === 'state' ? 'once' : 'ignore',
      isHandler: true,
      wants: ({ event, meta }) => types.includes(event.type) && !(replay === 'none' && meta.replayed),
      give: (items, done) => {
        for (const item of items) {
          attempt(
            () => listener(item.event, item.meta),
            this.#report,
            (ok) => done(item, ok),
          );
        }
      },
    });
  }

  subscribe(
    subscriber: {
      snapshot?(events: readonly Item[], missed: readonly Item[]): void;
      events?(batch: readonly Item[]): unknown;
    },
    { signal }: { signal?: AbortSignal } = {},
  ): () => void {
    const hasSnapshot = Boolean(subscriber.snapshot);
    return this.#consume(signal, {
      state: hasSnapshot ? 'begin' : 'ignore',
      isHandler: Boolean(subscriber.events),
      wants: () => true,
      begin: (events, missed) => attempt(() => subscriber.snapshot?.(events, missed), this.#report),
      give: (items, done) =>
        attempt(
          () => subscriber.events?.(items),
          this.#report,
          (ok) => {
            for (const item of items) done(item, ok);
          },
        ),
    });
  }

  view<S>(initial: S, reduce: Reducer<S>) {
    return view(this, this.#report, initial, reduce);
  }

  latest(type: string | readonly string[]) {
    return latest(this, this.#report, [type].flat());
  }

  join(consumer: Consumer): void {
    if (this.#consumers.has(consumer)) return;
    consumer.ticket = consumer.state === 'ignore' ? null : 0;
    consumer.seen = this.#position?.offset ?? 0;
    this.#consumers.add(consumer);
    this.#link.start();
    // In a microtask, so that those who come (or leave and come back) together cost one call.
    queueMicrotask(() => {
      this.#ask();
      this.#giveHeld(consumer);
    });
  }

  leave(consumer: Consumer): void {
    if (!this.#consumers.delete(consumer)) return;
    this.#criticals.forget(consumer);
    queueMicrotask(() => this.#ask());
  }

  /** A hub that knows nothing of this tab: the topic is asked for again, from where this tab stands. */
  resume(): void {
    this.#isSubscribed = false;
    this.#parts = [];
    for (const consumer of this.#consumers) {
      if (consumer.ticket !== null || consumer.state === 'begin') consumer.ticket = 0;
    }
    this.#ask();
  }

  lost(): void {
    const status = this.status.get();
    if (status.state === 'live') this.status.set({ ...status, state: 'stale' });
  }

  update(update: TopicUpdate): void {
    if (update.kind === 'status') return this.status.set(update.status);
    if (update.kind === 'snapshot') {
      this.#parts.push(update);
      if (update.last) this.#snapshot(update, this.#parts.splice(0));
      return;
    }
    this.#enter(update.epoch);
    const items = update.items.map((item) => toItem(this.name, update.epoch, false, item));
    for (const item of items) {
      if (item.meta.critical) this.#criticals.hold(item);
      // A repeat of a critical event is out of order: it moves nothing before there is a position.
      if (this.#position) this.#move(this.#position.offset, item.meta.offset);
    }
    this.#give([...this.#consumers].filter(({ ticket }) => ticket === null).map((c) => [c, items]));
    for (const item of items) if (item.meta.critical) this.#criticals.settle(item);
  }

  #snapshot({ ticket, epoch, offset }: SnapshotUpdate, parts: readonly SnapshotUpdate[]): void {
    this.#enter(epoch);
    const read = (kind: 'events' | 'missed') =>
      parts.flatMap((part) => part[kind]).map((item) => toItem(this.name, epoch, true, item));
    const events = read('events');
    const missed = read('missed');
    const plan: [Consumer, Item[]][] = [];
    const started: Consumer[] = [];
    for (const consumer of this.#consumers) {
      const isAwaited = consumer.ticket !== null && (ticket === null || ticket === consumer.ticket);
      if (isAwaited || (ticket === null && consumer.state === 'begin')) {
        started.push(consumer);
        consumer.ticket = null;
        consumer.seen = 0;
        if (consumer.state === 'once') plan.push([consumer, union(events, missed)]);
      } else if (consumer.ticket === null) plan.push([consumer, missed]);
    }
    this.#give(plan);
    for (const consumer of this.#consumers) {
      if (consumer.ticket !== null) continue;
      // A server's own snapshot counts even where its offset is lower.
      consumer.seen = ticket === null ? offset : Math.max(consumer.seen, offset);
    }
    this.#move(ticket === null ? 0 : (this.#position?.offset ?? 0), offset);
    for (const consumer of started) {
      if (!this.#consumers.has(consumer)) continue;
      if (consumer.state === 'begin') consumer.begin?.(events, missed);
      else consumer.state = 'ignore';
      this.#giveHeld(consumer);
    }
  }

  #consume(signal: AbortSignal | undefined, consumer: Omit<Consumer, 'ticket' | 'seen'>): () => void {
    const joined: Consumer = { ...consumer, ticket: null, seen: 0 };
    return until(signal, () => {
      this.join(joined);
      return () => this.leave(joined);
    });
  }

  /** In a new epoch old offsets mean nothing. */
  #enter(epoch: string): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#position = null;
    this.#criticals.clear();
    this.#took.clear();
    for (const consumer of this.#consumers) consumer.seen = 0;
  }

  #move(from: number, offset: number): void {
    if (this.#epoch !== null) this.#position = { epoch: this.#epoch, offset: Math.max(from, offset) };
  }

  #due(consumer: Consumer, item: Item): boolean {
    if (!consumer.isHandler || !item.meta.critical) {
      return item.meta.offset > consumer.seen && consumer.wants(item);
    }
    const state = this.#criticals.stateFor(consumer, item);
    return state === undefined ? consumer.wants(item) : state === 'failed';
  }

  #give(plan: readonly (readonly [Consumer, readonly Item[]])[]): void {
    const due = plan.map(([consumer, items]) => {
      const wanted = items.filter((item) => this.#due(consumer, item));
      for (const item of wanted)
        if (consumer.isHandler && item.meta.critical) this.#criticals.give(consumer, item);
      for (const { meta } of items) {
        // A handler may be given a repeat of a critical event from ahead of what it is still to see.
        if (consumer.isHandler && meta.critical && meta.replayed) continue;
        consumer.seen = Math.max(consumer.seen, meta.offset);
      }
      return [consumer, wanted] as const;
    });
    for (const [consumer, items] of due) {
      const done = (item: Item, ok: boolean) => {
        if (consumer.isHandler && item.meta.critical) {
          this.#criticals.done(consumer, item, ok, this.#consumers.has(consumer));
        }
      };
      if (!this.#consumers.has(consumer)) for (const item of items) done(item, false);
      else if (items.length > 0) consumer.give(items, done);
    }
  }

  #giveHeld(consumer: Consumer): void {
    if (consumer.isHandler && consumer.ticket === null && this.#consumers.has(consumer)) {
      this.#give([[consumer, this.#criticals.held()]]);
    }
  }

  #tellTaken(): void {
    const epoch = this.#epoch;
    const took = [...this.#took];
    this.#took.clear();
    if (epoch === null || took.length === 0) return;
    const offsets = (wanted: boolean) =>
      took.filter(([, taken]) => taken === wanted).map(([offset]) => offset);
    this.#link.post((hub) => hub.took(this.name, epoch, offsets(true), offsets(false)));
  }

  #ask(): void {
    if (this.#consumers.size === 0) {
      if (this.#isSubscribed) this.#link.post((hub) => hub.unsubscribe(this.name));
      this.#isSubscribed = false;
      this.#position = null;
      this.#parts = [];
      this.status.set({ state: 'idle' });
      return;
    }
    const waiting = [...this.#consumers].filter(({ ticket }) => ticket === 0);
    if (this.#isSubscribed && waiting.length === 0) return;
    const ticket = ++lastTicket;
    for (const consumer of waiting) consumer.ticket = ticket;
    this.#isSubscribed = true;
    this.#link.post((hub) => hub.subscribe(this.name, ticket, this.#position));
  }
}
