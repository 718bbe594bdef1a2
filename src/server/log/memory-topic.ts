import type { From, History, JsonText, LoggedEvent, Take } from './event-log.ts';
import type { MemoryLimits } from './projection.ts';

type Content = Pick<LoggedEvent, 'key' | 'gone' | 'critical'> & { readonly event: JsonText };

/** The newest event that is no longer in the history; before the first one, the time from which on the topic is known. */
export interface Forgotten {
  readonly offset: number;
  readonly ts: number;
}

/** What is kept of one topic. */
export class MemoryTopic {
  epoch: string;
  offset = 0;
  ts = 0;
  forgotten: Forgotten;
  /** Those that outlived the history, by offset. What does not have to be there any more goes with the next cut. */
  #outlived: LoggedEvent[] = [];
  /** Without a hole, up to the newest. */
  #history: LoggedEvent[] = [];
  /** Of both, those without a key. */
  #unkeyed: LoggedEvent[] = [];
  /** Of both, the critical ones. */
  #criticals: LoggedEvent[] = [];
  /** By key, in order of offset: a key that changes moves to the end. */
  readonly #keys = new Map<string, LoggedEvent>();

  constructor(epoch: string, knownSince: number) {
    this.epoch = epoch;
    this.forgotten = { offset: 0, ts: knownSince - 1 };
  }

  append(content: Content, now: number): LoggedEvent {
    const event: LoggedEvent = {
      ...content,
      offset: this.offset + 1,
      prev: this.offset,
      ts: Math.max(now, this.ts),
    };
    this.offset = event.offset;
    this.ts = event.ts;
    this.#history.push(event);
    if (event.critical) this.#criticals.push(event);
    if (event.key === null) this.#unkeyed.push(event);
    else {
      this.#keys.delete(event.key);
      if (!event.gone) this.#keys.set(event.key, event);
    }
    return event;
  }

  /** Twice the limit before an event cuts anything, so that the cost of cutting is spread over many events. */
  cutIfLong({ historyEvents, tailLimit }: MemoryLimits, criticalSince: number): void {
    if (this.#history.length >= 2 * historyEvents) this.#cut(historyEvents, tailLimit, criticalSince);
  }

  prune({ historyEvents, tailLimit }: MemoryLimits, criticalSince: number): void {
    if (this.#history.length > historyEvents || this.#outlived.length > 0)
      this.#cut(historyEvents, tailLimit, criticalSince);
  }

  #cut(historyEvents: number, tailLimit: number, criticalSince: number): void {
    const cut = this.#history.splice(0, Math.max(0, this.#history.length - historyEvents));
    const newest = cut.at(-1);
    if (newest) this.forgotten = { offset: newest.offset, ts: newest.ts };
    const tail = new Set(this.#tail(tailLimit));
    const stays = (event: LoggedEvent) =>
      this.#isCurrent(event) || tail.has(event) || (event.critical && event.ts >= criticalSince);
    this.#outlived = [...this.#outlived, ...cut].filter(stays);
    this.#unkeyed = this.#all().filter(({ key }) => key === null);
    this.#criticals = this.#all().filter(({ critical }) => critical);
  }

  hasCriticalSince(time: number): boolean {
    return this.#criticals.some(({ ts }) => ts >= time);
  }

  read(from: From, take: Take): Pick<History, 'events' | 'afterTs' | 'complete'> {
    const history = this.#history;
    const start =
      'after' in from
        ? firstIndex(history, (event) => event.offset > from.after)
        : firstIndex(history, (event) => event.ts >= from.since);
    const known = 'after' in from ? from.after >= this.forgotten.offset : from.since > this.forgotten.ts;
    const afterTs = 'after' in from ? this.#timeOf(from.after, history[start - 1]) : null;
    if ('first' in take)
      return { events: history.slice(start, start + take.first), afterTs, complete: known };
    const cutAt = Math.max(start, history.length - take.last);
    return { events: history.slice(cutAt), afterTs, complete: known && cutAt === start };
  }

  #timeOf(offset: number, event: LoggedEvent | undefined): number | null {
    const at = event ?? this.forgotten;
    return at.offset === offset && offset > 0 ? at.ts : null;
  }

  state(tailLimit: number): LoggedEvent[] {
    return [...this.#keys.values(), ...this.#tail(tailLimit)].sort((a, b) => a.offset - b.offset);
  }

  /** The newest event of a key that is not gone. */
  latest(key: string): LoggedEvent | null {
    return this.#keys.get(key) ?? null;
  }

  /** By offset. */
  get criticals(): readonly LoggedEvent[] {
    return this.#criticals;
  }

  /** `undefined` where it does not hold it any more. */
  at(offset: number): LoggedEvent | undefined {
    const events = offset > this.forgotten.offset ? this.#history : this.#outlived;
    const event = events[firstIndex(events, (one) => one.offset >= offset)];
    return event?.offset === offset ? event : undefined;
  }

  /** All that it holds, in order. `current`: it is the newest of its key, and that is not gone. */
  *content(): Generator<{ readonly event: LoggedEvent; readonly current: boolean }> {
    for (const event of this.#all()) yield { event, current: this.#isCurrent(event) };
  }

  /** One that `content` told, after those before it. */
  restore(event: LoggedEvent, current: boolean): void {
    (event.offset > this.forgotten.offset ? this.#history : this.#outlived).push(event);
    if (event.critical) this.#criticals.push(event);
    if (event.key === null) this.#unkeyed.push(event);
    else if (current) this.#keys.set(event.key, event);
  }

  #all(): LoggedEvent[] {
    return [...this.#outlived, ...this.#history];
  }

  #isCurrent(event: LoggedEvent): boolean {
    return event.key !== null && this.#keys.get(event.key) === event;
  }

  #tail(limit: number): LoggedEvent[] {
    return limit === 0 ? [] : this.#unkeyed.slice(-limit);
  }
}

/** Of the events that satisfy a condition which, once true, stays true; the length where there is none. */
function firstIndex(events: readonly LoggedEvent[], condition: (event: LoggedEvent) => boolean): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const event = events[middle];
    if (event && condition(event)) high = middle;
    else low = middle + 1;
  }
  return low;
}
