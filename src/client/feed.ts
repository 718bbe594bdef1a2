/** Which events of a topic each consumer in this tab is given, and when the hub is asked for the topic. */
import type { TopicStatus } from '../protocol/model.ts';
import type { Position, SavedUpdate, SnapshotUpdate, TopicUpdate } from '../protocol/port.ts';
import { type Consumer, type Item, toItem, union } from './consumer.ts';
import { Criticals } from './criticals.ts';
import type { Report } from './errors.ts';
import type { Frame } from './frame.ts';
import type { Link } from './link.ts';
import type { PagePlatform } from './platform.ts';
import { type Cell, cell } from './readable.ts';

let lastTicket = 0;

/** One topic in this tab: it asks the hub for it while it has consumers, and gives each what it has not seen. */
export class Feed {
  readonly status: Cell<TopicStatus>;
  readonly report: Report;
  readonly frame: Frame;
  readonly setTimer: PagePlatform['setTimer'];
  readonly #topic: string;
  readonly #link: Link;
  readonly #consumers = new Set<Consumer>();
  readonly #criticals: Criticals;
  /** How often what was shown had to go: for views that nobody listened to. */
  voids = 0;
  #isSubscribed = false;
  /** Where this tab stands; `null`: it has no state yet. */
  #position: Position | null = null;
  /** What has arrived of a snapshot that is not whole yet. */
  #parts: SnapshotUpdate[] = [];
  /** What was kept on the device, while there is no other state: for those who begin later. */
  #saved: Item[] | null = null;
  /** What has come of it, while that is not all. */
  #savedParts: Item[] = [];
  /** Events are missing ahead of what comes next. */
  #isGapAhead = false;
  /** What `status` is about to be. */
  #nextStatus: TopicStatus = { state: 'idle' };

  constructor(topic: string, link: Link, frame: Frame, report: Report) {
    this.#topic = topic;
    this.#link = link;
    this.frame = frame;
    this.report = report;
    this.setTimer = link.platform.setTimer;
    this.status = cell(this.#nextStatus, report);
    this.#criticals = new Criticals((epoch, taken, failed) => {
      const ts = taken.map((meta) => meta.ts);
      const offsets = [taken, failed].map((metas) => metas.map(({ offset }) => offset));
      link.post((hub) => hub.took(topic, epoch, offsets[0] ?? [], offsets[1] ?? [], ts));
    });
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
      if (this.#saved && this.#consumers.has(consumer)) consumer.begin?.(this.#saved, []);
      this.#giveHeld(consumer);
    });
  }

  leave(consumer: Consumer): void {
    if (!this.#consumers.delete(consumer)) return;
    this.#criticals.left(consumer);
    queueMicrotask(() => this.#ask());
  }

  update(update: TopicUpdate): void {
    // It was under way when the last consumer left.
    if (!this.#isSubscribed) return;
    if (update.kind === 'status') {
      this.#nextStatus = update.status;
      return this.frame.show('status', this.#showStatus);
    }
    if (update.kind === 'saved') return this.#show(update);
    this.#enter(update.epoch);
    if (update.kind === 'events') return this.#events(update);
    if (update.part === 0) this.#parts = [];
    this.#parts.push(update);
    if (update.last) this.#snapshot(update, this.#parts.splice(0));
  }

  /** What this tab shows of the topic is to go. It stands where it stood. */
  void(): void {
    this.voids++;
    this.#saved = null;
    this.#savedParts = [];
    // Those that no handler was given.
    this.#criticals.forgetBeyond(-1, false);
    for (const consumer of [...this.#consumers]) consumer.begin?.([], []);
  }

  /** It moves nothing: those who begin with it wait for the server's state as before. */
  #show({ epoch, events, hasMore, isVoid }: SavedUpdate): void {
    if (isVoid) return this.void();
    if (this.#position) return;
    this.#savedParts.push(...events.map((item) => toItem(this.#topic, epoch, true, item)));
    if (hasMore) return;
    const saved = this.#savedParts.splice(0);
    this.#saved = saved;
    for (const consumer of [...this.#consumers]) consumer.begin?.(saved, []);
  }

  /** A hub that knows nothing of this tab: the topic is asked for again, from where this tab stands. */
  resume(): void {
    this.#isSubscribed = false;
    this.#parts = [];
    this.#savedParts = [];
    for (const consumer of this.#consumers) {
      if (consumer.ticket !== null || consumer.state === 'begin') consumer.ticket = 0;
    }
    this.#ask();
  }

  /** No hub says any more how the topic stands. */
  lost(): void {
    if (this.#nextStatus.state === 'live') this.#setStatus({ ...this.#nextStatus, state: 'stale' });
  }

  #setStatus(value: TopicStatus): void {
    this.#nextStatus = value;
    this.#showStatus();
  }

  readonly #showStatus = () => this.status.set(this.#nextStatus);

  #ask(): void {
    const { size } = this.#consumers;
    if (size === 0) return this.#rest();
    const waiting = [...this.#consumers].filter(({ ticket }) => ticket === 0);
    if (this.#isSubscribed && waiting.length === 0) return;
    const ticket = ++lastTicket;
    for (const consumer of waiting) consumer.ticket = ticket;
    this.#isSubscribed = true;
    const from = this.#position;
    this.#link.post((hub) => hub.subscribe(this.#topic, ticket, from));
  }

  /** Nobody wants the topic. */
  #rest(): void {
    if (this.#isSubscribed) this.#link.post((hub) => hub.unsubscribe(this.#topic));
    this.#isSubscribed = false;
    this.#position = null;
    this.#parts = [];
    this.#saved = null;
    this.#savedParts = [];
    this.#setStatus({ state: 'idle' });
  }

  #enter(epoch: string): void {
    if (!this.#criticals.enter(epoch)) return;
    this.#position = null;
    for (const consumer of this.#consumers) consumer.seen = 0;
  }

  #events({ epoch, items }: TopicUpdate & { kind: 'events' }): void {
    const fresh = this.#withGap(items.map((item) => toItem(this.#topic, epoch, false, item)));
    this.#goBack(fresh);
    for (const item of fresh) {
      const { critical, offset, ts } = item.meta;
      if (critical) this.#criticals.decide(this.#criticals.hold(item));
      if (!item.isRepeat && offset > (this.#position?.offset ?? Infinity))
        this.#position = { epoch, offset, ts };
    }
    for (const consumer of [...this.#consumers]) if (consumer.ticket === null) this.#give(consumer, fresh);
  }

  #snapshot({ ticket, epoch, offset, ts, gap }: SnapshotUpdate, whole: readonly SnapshotUpdate[]): void {
    const read = (kind: 'events' | 'missed') =>
      whole.flatMap((part) => part[kind]).map((item) => toItem(this.#topic, epoch, true, item));
    const events = read('events');
    this.#saved = null;
    if (gap) this.#isGapAhead = true;
    const missed = this.#withGap(read('missed'));
    // A new hub does not know what became of them under the one before it.
    for (const item of missed) {
      const critical = this.#criticals.known(item);
      if (critical) this.#criticals.decide(critical);
    }
    const isForAll = ticket === null;
    this.#goBack(missed);
    for (const item of [...events, ...missed]) this.#criticals.replacedBy(item);
    if (isForAll) this.#criticals.forgetBeyond(offset, offset < (this.#position?.offset ?? 0));
    // A server's own snapshot counts even where its offset is lower.
    if (isForAll || offset >= (this.#position?.offset ?? 0)) this.#position = { epoch, offset, ts };
    for (const consumer of [...this.#consumers]) {
      const { state, begin, seen } = consumer;
      const isWaiting = consumer.ticket !== null;
      if (isWaiting && !isForAll && ticket !== consumer.ticket) continue;
      const begins = isWaiting || (isForAll && state === 'begin');
      if (begins) {
        consumer.ticket = null;
        consumer.seen = 0;
      }
      if (!begins)
        this.#give(
          consumer,
          missed.filter(({ meta }) => meta.offset > seen),
        );
      else if (!begin) this.#give(consumer, union(events, missed));
      consumer.seen = isForAll || begins ? offset : Math.max(seen, offset);
      if (!begins) continue;
      if (begin) begin(events, missed);
      else consumer.state = 'ignore';
      this.#giveHeld(consumer);
    }
  }

  /**
   * Times never decrease: what is later than all that this tab knows is new to it, also where it lies before. There it is of a
   * server that has lost what this tab knows beyond.
   */
  #goBack(items: readonly Item[]): void {
    const known = this.#position;
    const first = known && items.find(({ isRepeat, meta }) => !isRepeat && meta.ts > (known.ts ?? Infinity));
    if (!first) return;
    const before = first.meta.offset - 1;
    known.offset = Math.min(known.offset, before);
    for (const consumer of this.#consumers) consumer.seen = Math.min(consumer.seen, before);
  }

  /** The first of them that is new says that events are missing ahead of it, where that is so. */
  #withGap(items: Item[]): Item[] {
    const first = this.#isGapAhead ? items.find(({ isRepeat }) => !isRepeat) : undefined;
    if (!first) return items;
    this.#isGapAhead = false;
    const told = { ...first, meta: { ...first.meta, gap: true as const } };
    return items.map((item) => (item === first ? told : item));
  }

  #give(consumer: Consumer, items: readonly Item[]): void {
    if (!this.#consumers.has(consumer)) return;
    const due = items.filter((item) => {
      const isNew = this.#isDue(consumer, item);
      if (!item.isRepeat) consumer.seen = Math.max(consumer.seen, item.meta.offset);
      return isNew;
    });
    if (due.length === 0) return;
    const isJoined = () => this.#consumers.has(consumer);
    const given = new Map(due.map(({ meta: { offset } }) => [offset, this.#criticals.at(offset)]));
    const done = ({ meta: { offset } }: Item, ok: boolean) => {
      const critical = given.get(offset);
      // In a new epoch, and after a snapshot of a lower offset, the same offset is another event.
      if (!consumer.isHandler || !critical || this.#criticals.at(offset) !== critical) return;
      if (ok || isJoined()) critical.takers.set(consumer, ok ? 'taken' : 'failed');
      else critical.takers.delete(consumer);
      this.#criticals.decide(critical);
    };
    consumer.give(due, done, isJoined);
  }

  #isDue(consumer: Consumer, item: Item): boolean {
    const { offset, critical } = item.meta;
    if (!consumer.isHandler || !critical) {
      return !item.isRepeat && offset > consumer.seen && consumer.wants(item);
    }
    const state = this.#criticals.known(item)?.takers.get(consumer);
    if (state ? state !== 'failed' : !consumer.wants(item)) return false;
    this.#criticals.hold(item).takers.set(consumer, 'pending');
    return true;
  }

  /** The critical events that came before any handler did. */
  #giveHeld(consumer: Consumer): void {
    if (!consumer.isHandler || consumer.ticket !== null) return;
    this.#give(
      consumer,
      this.#criticals.untaken.map((item) => ({
        ...item,
        isRepeat: true,
        meta: { ...item.meta, replayed: true },
      })),
    );
  }
}
