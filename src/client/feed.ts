import type { Meta, TopicStatus } from '../protocol/model.ts';
import type { Position, SnapshotUpdate, TopicUpdate } from '../protocol/port.ts';
import { type Consumer, type Critical, type Item, toItem, union, verdict } from './consumer.ts';
import type { Report } from './errors.ts';
import type { Link } from './link.ts';
import type { PagePlatform } from './platform.ts';
import { type Cell, cell } from './readable.ts';

/** So many taken critical events are remembered, to answer a repeat without giving it again. */
const REMEMBERED = 500;

let lastTicket = 0;

/** One topic in this tab: it asks the hub for it while it has consumers, and gives each what it has not seen. */
export interface Feed {
  readonly status: Cell<TopicStatus>;
  readonly report: Report;
  readonly setTimer: PagePlatform['setTimer'];
  join(consumer: Consumer): void;
  leave(consumer: Consumer): void;
  update(update: TopicUpdate): void;
  /** A hub that knows nothing of this tab: the topic is asked for again, from where this tab stands. */
  resume(): void;
  /** No hub says any more how the topic stands. */
  lost(): void;
}

export function createFeed(topic: string, link: Link, report: Report): Feed {
  const status = cell<TopicStatus>({ state: 'idle' }, report);
  const consumers = new Set<Consumer>();
  /** Of this epoch, by offset. */
  const criticals = new Map<number, Critical>();
  /** Of which the hub is to be told. */
  const decided = new Set<Critical>();
  let parts: SnapshotUpdate[] = [];
  let isSubscribed = false;
  /** Events are missing ahead of what comes next. */
  let isGapAhead = false;
  let epoch = '';
  let position: Position | null = null;

  /** What `status` is about to be. */
  let nextStatus = status.get();

  const setStatus = (value: TopicStatus) => {
    nextStatus = value;
    status.set(value);
  };

  const ask = () => {
    if (consumers.size === 0) {
      if (isSubscribed) link.post((hub) => hub.unsubscribe(topic));
      isSubscribed = false;
      position = null;
      parts = [];
      setStatus({ state: 'idle' });
      return;
    }
    const waiting = [...consumers].filter(({ ticket }) => ticket === 0);
    if (isSubscribed && waiting.length === 0) return;
    const ticket = ++lastTicket;
    for (const consumer of waiting) consumer.ticket = ticket;
    isSubscribed = true;
    const from = position;
    link.post((hub) => hub.subscribe(topic, ticket, from));
  };

  /** In a new epoch old offsets mean nothing. */
  const enter = (next: string) => {
    if (next === epoch) return;
    epoch = next;
    position = null;
    criticals.clear();
    for (const consumer of consumers) consumer.seen = 0;
  };

  const isDue = (consumer: Consumer, item: Item) => {
    const { offset, critical } = item.meta;
    if (!consumer.isHandler || !critical) {
      return !item.isRepeat && offset > consumer.seen && consumer.wants(item);
    }
    const state = known(item)?.takers.get(consumer);
    if (state ? state !== 'failed' : !consumer.wants(item)) return false;
    hold(item).takers.set(consumer, 'pending');
    return true;
  };

  /** The same event: one of another time has taken its offset since. */
  const known = ({ meta: { offset, ts } }: Item) => {
    const critical = criticals.get(offset);
    return critical?.item.meta.ts === ts ? critical : undefined;
  };

  const hold = (item: Item) => {
    const critical = known(item) ?? { item, takers: new Map() };
    criticals.set(item.meta.offset, critical);
    return critical;
  };

  const give = (consumer: Consumer, items: readonly Item[]) => {
    if (!consumers.has(consumer)) return;
    const due = items.filter((item) => {
      const isNew = isDue(consumer, item);
      if (!item.isRepeat) consumer.seen = Math.max(consumer.seen, item.meta.offset);
      return isNew;
    });
    if (due.length === 0) return;
    const isJoined = () => consumers.has(consumer);
    const given = new Map(due.map(({ meta: { offset } }) => [offset, criticals.get(offset)]));
    const done = (item: Item, ok: boolean) => {
      const critical = given.get(item.meta.offset);
      // In a new epoch, and after a snapshot of a lower offset, the same offset is another event.
      if (!consumer.isHandler || !critical || criticals.get(item.meta.offset) !== critical) return;
      if (ok || isJoined()) critical.takers.set(consumer, ok ? 'taken' : 'failed');
      else critical.takers.delete(consumer);
      decide(critical);
    };
    consumer.give(due, done, isJoined);
  };

  const giveHeld = (consumer: Consumer) => {
    if (!consumer.isHandler || consumer.ticket !== null) return;
    const held = [...criticals.values()].filter(({ takers }) => takers.size === 0);
    give(
      consumer,
      held.map(({ item }) => ({ ...item, isRepeat: true, meta: { ...item.meta, replayed: true } })),
    );
  };

  /** Told in a microtask, when all handlers have had it; and as often as it comes, since a hub may die unheard. */
  const decide = (critical: Critical) => {
    if (decided.size === 0) queueMicrotask(tell);
    decided.add(critical);
  };

  const tell = () => {
    const of = (wanted: 'taken' | 'failed') =>
      [...decided]
        .filter((critical) => critical.item.epoch === epoch && verdict(critical) === wanted)
        .map(({ item }) => item.meta);
    const taken = of('taken');
    const failed = of('failed').map(offsetOf);
    decided.clear();
    const current = epoch;
    const ts = taken.map((meta) => meta.ts);
    if (taken.length + failed.length > 0)
      link.post((hub) => hub.took(topic, current, taken.map(offsetOf), failed, ts));
    for (const [offset, critical] of criticals) {
      if (criticals.size <= REMEMBERED) break;
      if (verdict(critical) === 'taken') criticals.delete(offset);
    }
  };

  const withGap = (items: Item[]): Item[] => {
    const first = isGapAhead ? items.find(({ isRepeat }) => !isRepeat) : undefined;
    if (!first) return items;
    isGapAhead = false;
    const told = { ...first, meta: { ...first.meta, gap: true as const } };
    return items.map((item) => (item === first ? told : item));
  };

  const snapshot = ({ ticket, offset, gap }: SnapshotUpdate, whole: readonly SnapshotUpdate[]) => {
    const read = (kind: 'events' | 'missed') =>
      whole.flatMap((part) => part[kind]).map((item) => toItem(topic, epoch, true, item));
    const events = read('events');
    if (gap) isGapAhead = true;
    const missed = withGap(read('missed'));
    // A new hub does not know what became of them under the one before it.
    for (const item of missed) {
      const critical = known(item);
      if (critical) decide(critical);
    }
    const isForAll = ticket === null;
    // A server's own snapshot counts even where its offset is lower.
    position = { epoch, offset: isForAll ? offset : Math.max(offset, position?.offset ?? 0) };
    // An offset beyond it will be another event's.
    if (isForAll) for (const beyond of criticals.keys()) if (beyond > offset) criticals.delete(beyond);
    for (const consumer of [...consumers]) {
      const { state, begin, seen } = consumer;
      const isWaiting = consumer.ticket !== null;
      if (isWaiting && !isForAll && ticket !== consumer.ticket) continue;
      const begins = isWaiting || (isForAll && state === 'begin');
      if (begins) {
        consumer.ticket = null;
        consumer.seen = 0;
      }
      if (!begins)
        give(
          consumer,
          missed.filter(({ meta }) => meta.offset > seen),
        );
      else if (!begin) give(consumer, union(events, missed));
      consumer.seen = isForAll || begins ? offset : Math.max(seen, offset);
      if (!begins) continue;
      if (begin) begin(events, missed);
      else consumer.state = 'ignore';
      giveHeld(consumer);
    }
  };

  return {
    status,
    report,
    setTimer: link.platform.setTimer,
    join(consumer) {
      if (consumers.has(consumer)) return;
      consumer.ticket = consumer.state === 'ignore' ? null : 0;
      consumer.seen = position?.offset ?? 0;
      consumers.add(consumer);
      link.start();
      // In a microtask, so that those who come (or leave and come back) together cost one call.
      queueMicrotask(() => {
        ask();
        giveHeld(consumer);
      });
    },
    leave(consumer) {
      if (!consumers.delete(consumer)) return;
      // A handler that left does not keep an event from being taken by the others.
      for (const critical of criticals.values()) {
        const state = critical.takers.get(consumer);
        if (state === 'failed') critical.takers.delete(consumer);
        else if (state === 'pending') critical.takers.set(consumer, 'left');
        else continue;
        decide(critical);
      }
      queueMicrotask(ask);
    },
    update(update) {
      // It was under way when the last consumer left.
      if (!isSubscribed) return;
      if (update.kind === 'status') {
        nextStatus = update.status;
        // In a microtask, behind the views' own: whoever sees the topic live sees its state, too.
        return queueMicrotask(() => status.set(nextStatus));
      }
      enter(update.epoch);
      if (update.kind === 'snapshot') {
        if (update.part === 0) parts = [];
        parts.push(update);
        if (update.last) snapshot(update, parts.splice(0));
        return;
      }
      const items = withGap(update.items.map((item) => toItem(topic, epoch, false, item)));
      for (const item of items) {
        const { critical, offset } = item.meta;
        if (critical) decide(hold(item));
        if (!item.isRepeat && position && offset > position.offset) position = { epoch, offset };
      }
      for (const consumer of [...consumers]) if (consumer.ticket === null) give(consumer, items);
    },
    resume() {
      isSubscribed = false;
      parts = [];
      for (const consumer of consumers) {
        if (consumer.ticket !== null || consumer.state === 'begin') consumer.ticket = 0;
      }
      ask();
    },
    lost() {
      if (nextStatus.state === 'live') setStatus({ ...nextStatus, state: 'stale' });
    },
  };
}

const offsetOf = ({ offset }: Meta) => offset;
