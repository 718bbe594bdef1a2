import type { Connection, HubReport, StorageState } from '../../src/protocol/model.ts';
import type {
  AnyOutboxEntry,
  AttachRequest,
  Batch,
  HubMessage,
  TopicUpdate,
} from '../../src/protocol/port.ts';
import type { TokenTabs } from './connection/token.ts';
import type { Context } from './context.ts';
import type { TabId } from './io.ts';
import type { StoredOutcome } from './store.ts';
import type { Credited } from './topics/seat.ts';
import type { Topics } from './topics/topics.ts';

/** A tab that does not take its batch for so long loses what waits for it, and begins anew when it comes back. */
const STALL_AFTER_MS = 5_000;
/** Events in one batch; more would block a page for longer than a frame. */
const BATCH_ITEMS = 2_000;
/** Of outcomes and messages that wait for a stalled tab. */
const KEEP_FOR_STALLED = 50;
const RATE_WINDOW_MS = 1_000;

type Settled = Pick<StoredOutcome, 'id' | 'command' | 'outcome'>;

interface Tab {
  readonly id: TabId;
  readonly request: AttachRequest;
  visible: boolean;
  credit:
    | { state: 'ready' }
    /** A batch is out. What it carried of topics counts as taken when its credit comes. */
    | { state: 'out'; given: ReadonlyMap<string, Credited> }
    | { state: 'stalled'; given: ReadonlyMap<string, Credited> };
  connectionDirty: boolean;
  storageDirty: boolean;
  outboxDirty: boolean;
  settled: Settled[];
  messages: HubMessage[];
  tokenRequest: number | null;
  /** Commands that this tab sent and waits for: it hears of their end however long it stalls. */
  readonly sent: Set<string>;
}

/** What every batch may have to carry. */
export interface TabsSource {
  connection(): Connection;
  storage(): StorageState;
  outbox(): AnyOutboxEntry[];
}

/** The tabs, and what is on the way to each: one batch at a time, the next one when it was taken. */
export class Tabs implements TokenTabs {
  readonly #context: Context;
  readonly #topics: Topics;
  readonly #source: TabsSource;
  readonly #tabs = new Map<TabId, Tab>();
  /** For whichever tab can be told. */
  #messages: HubMessage[] = [];
  #window = { since: 0, events: 0, before: 0 };
  #eventsCounted = 0;
  #flushedAt = 0;

  constructor(context: Context, topics: Topics, source: TabsSource) {
    this.#context = context;
    this.#topics = topics;
    this.#source = source;
  }

  get count(): number {
    return this.#tabs.size;
  }

  get report(): HubReport['tabs'] {
    return [...this.#tabs.values()].map(({ id, visible, credit }) => ({
      tab: id,
      visible,
      credit: credit.state,
      topics: this.#topics.seatsOf(id).map(({ topic }) => topic.name),
    }));
  }

  get eventsPerSecond(): number {
    const { now } = this.#context;
    const { since, events, before } = this.#window;
    // The window's share of the one before, as if that had been even.
    const rest = Math.max(0, 1 - (now - since) / RATE_WINDOW_MS);
    return now - since > 2 * RATE_WINDOW_MS ? 0 : events + before * rest;
  }

  attach(id: TabId, request: AttachRequest): void {
    this.#tabs.set(id, {
      id,
      request,
      visible: request.visible,
      credit: { state: 'ready' },
      connectionDirty: true,
      storageDirty: true,
      outboxDirty: true,
      settled: [],
      messages: [],
      tokenRequest: null,
      sent: new Set(),
    });
  }

  gone(id: TabId): void {
    this.#tabs.delete(id);
    this.#context.deadlines.clear(stallName(id));
    this.#topics.tabGone(id);
  }

  has(id: TabId): boolean {
    return this.#tabs.has(id);
  }

  credited(id: TabId): void {
    const tab = this.#tabs.get(id);
    if (!tab || tab.credit.state === 'ready') return;
    this.#context.deadlines.clear(stallName(id));
    for (const [topic, position] of tab.credit.given) this.#topics.credited(topic, position);
    tab.credit = { state: 'ready' };
  }

  setVisible(id: TabId, visible: boolean): void {
    const tab = this.#tabs.get(id);
    if (tab) tab.visible = visible;
  }

  /** Visible ones first: a hidden page's timers are throttled. */
  tokenTabs(): readonly TabId[] {
    return [...this.#tabs.values()]
      .filter(({ request }) => request.hasToken)
      .sort((a, b) => rank(b) - rank(a))
      .map(({ id }) => id);
  }

  askForToken(id: TabId, request: number): void {
    const tab = this.#tabs.get(id);
    if (tab) tab.tokenRequest = request;
  }

  connectionChanged(): void {
    for (const tab of this.#tabs.values()) tab.connectionDirty = true;
  }

  storageChanged(): void {
    for (const tab of this.#tabs.values()) tab.storageDirty = true;
  }

  outboxChanged(): void {
    for (const tab of this.#tabs.values()) tab.outboxDirty = true;
  }

  sends(id: TabId, command: string): void {
    this.#tabs.get(id)?.sent.add(command);
  }

  settled(settled: Settled): void {
    for (const tab of this.#tabs.values()) {
      tab.settled.push(settled);
      if (tab.credit.state !== 'stalled' || tab.settled.length <= KEEP_FOR_STALLED) continue;
      const index = tab.settled.findIndex(({ id }) => !tab.sent.has(id));
      if (index >= 0) tab.settled.splice(index, 1);
    }
  }

  /** Gives every tab that can take it what there is for it. */
  flush(): void {
    this.#route(this.#context.takeMessages());
    this.#measureRate();
    const { now, settings, deadlines } = this.#context;
    const floods = this.eventsPerSecond > settings.floodEventsPerSecond;
    const eventsMayGo = !floods || this.#flushedAt + settings.flushMs <= now;
    if (eventsMayGo) this.#flushedAt = now;
    let waits = false;
    for (const tab of this.#tabs.values()) {
      if (tab.credit.state !== 'ready') continue;
      const isUrgent = this.#hasNews(tab);
      const hasEvents = this.#topics.seatsOf(tab.id).some(({ seat }) => seat.hasUpdates);
      if (isUrgent || (hasEvents && eventsMayGo)) this.#deliver(tab);
      else if (hasEvents) waits = true;
    }
    this.#topics.trim();
    if (waits) deadlines.set('flush', this.#flushedAt + settings.flushMs, () => {});
  }

  /** The last word to every tab, whether it can take it or not. */
  farewell(): void {
    for (const { id } of this.#tabs.values()) {
      const batch = {
        hub: this.#context.hubId,
        connection: this.#source.connection(),
        outbox: this.#source.outbox(),
      };
      this.#context.emit({ type: 'deliver', tab: id, batch });
    }
  }

  #hasNews(tab: Tab): boolean {
    return (
      tab.connectionDirty ||
      tab.storageDirty ||
      tab.outboxDirty ||
      tab.tokenRequest !== null ||
      tab.settled.length > 0 ||
      tab.messages.length > 0
    );
  }

  #deliver(tab: Tab): void {
    const batch: Batch = { hub: this.#context.hubId };
    if (tab.connectionDirty) batch.connection = this.#source.connection();
    if (tab.storageDirty) batch.storage = this.#source.storage();
    if (tab.outboxDirty) batch.outbox = this.#source.outbox();
    if (tab.settled.length > 0) batch.settled = tab.settled;
    if (tab.messages.length > 0) batch.reports = tab.messages;
    if (tab.tokenRequest !== null) batch.tokenRequest = tab.tokenRequest;
    for (const { id } of tab.settled) tab.sent.delete(id);
    const { updates, given } = this.#takeTopics(tab);
    if (updates.length > 0) batch.topics = updates;
    tab.connectionDirty = tab.storageDirty = tab.outboxDirty = false;
    tab.settled = [];
    tab.messages = [];
    tab.tokenRequest = null;
    tab.credit = { state: 'out', given };
    const { deadlines, now, counts } = this.#context;
    deadlines.set(stallName(tab.id), now + STALL_AFTER_MS, () => this.#stall(tab));
    counts.batches++;
    this.#context.emit({ type: 'deliver', tab: tab.id, batch });
  }

  #takeTopics(tab: Tab): { updates: TopicUpdate[]; given: Map<string, Credited> } {
    const updates: TopicUpdate[] = [];
    const given = new Map<string, Credited>();
    const budget = { items: BATCH_ITEMS };
    for (const { topic, seat } of this.#topics.seatsOf(tab.id)) {
      if (!seat.hasUpdates) continue;
      const taken = seat.take(budget);
      updates.push(...taken.updates);
      if (taken.given) given.set(topic.name, taken.given);
      this.#context.counts.dropped += taken.dropped;
    }
    return { updates, given };
  }

  #stall(tab: Tab): void {
    if (tab.credit.state !== 'out') return;
    tab.credit = { state: 'stalled', given: tab.credit.given };
    for (const { seat } of this.#topics.seatsOf(tab.id)) seat.stall();
  }

  /** Messages go to one tab, one that somebody sees if there is one; they wait where there is none. */
  #route(messages: readonly HubMessage[]): void {
    this.#messages = [...this.#messages, ...messages].slice(-KEEP_FOR_STALLED);
    const [best] = [...this.#tabs.values()]
      .filter(({ credit }) => credit.state !== 'stalled')
      .sort((a, b) => rank(b) - rank(a));
    if (!best || this.#messages.length === 0) return;
    best.messages.push(...this.#messages);
    this.#messages = [];
  }

  #measureRate(): void {
    const { now, counts } = this.#context;
    const fresh = counts.events - this.#eventsCounted;
    this.#eventsCounted = counts.events;
    const age = now - this.#window.since;
    if (age >= RATE_WINDOW_MS || age < 0) {
      const before = age < 2 * RATE_WINDOW_MS && age >= 0 ? this.#window.events : 0;
      this.#window = { since: now, events: 0, before };
    }
    this.#window.events += fresh;
  }
}

function rank({ visible, credit }: Tab): number {
  return (visible ? 2 : 0) + (credit.state === 'ready' ? 1 : 0);
}

function stallName(id: TabId): string {
  return `stall:${id}`;
}
