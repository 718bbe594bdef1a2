/** What each page is given next, and when. */
import { closedLocally } from '../../src/protocol/closed-locally.ts';
import type { HubReport } from '../../src/protocol/model.ts';
import type { AttachRequest, Batch, HubMessage, Position, TopicUpdate } from '../../src/protocol/port.ts';
import type { TokenTabs } from './connection/token-source.ts';
import type { Context } from './context.ts';
import type { DeadlineName } from './deadlines.ts';
import type { TabId } from './io.ts';
import { Pace } from './pace.ts';
import type { StoredOutcome } from './store.ts';
import type { TopicPlace } from './topics/journal.ts';
import type { Budget, Reader } from './topics/reader.ts';
import type { Topics } from './topics/topics.ts';

/** A tab that does not take its batch for so long loses what waits for it, and begins anew when it comes back. */
const STALL_AFTER_MS = 5_000;
/** Events in one batch; more would block a page for longer than a frame. */
const BATCH_ITEMS = 2_000;
/** Of outcomes that wait for a stalled tab, and of messages that wait for any. */
const KEEP_FOR_STALLED = 50;
const RATE_WINDOW_MS = 1_000;

const SIGNED_OUT = closedLocally('signed_out', 'signed out while this page was away');

interface Tab {
  readonly id: TabId;
  readonly request: AttachRequest;
  visible: boolean;
  /** When it was given a batch, by the hub's uptime. */
  givenAt: number;
  /** Its last batch was full. */
  hasMore: boolean;
  credit:
    | { state: 'ready' }
    /** A batch is out. What it carried of topics counts as taken when its credit comes. */
    | { state: 'out'; given: ReadonlyMap<string, TopicPlace> }
    | { state: 'stalled'; given: ReadonlyMap<string, TopicPlace> };
  /** What has changed since it was told. */
  readonly stale: Set<Part>;
  readonly settled: StoredOutcome[];
  readonly messages: HubMessage[];
  tokenRequest: number | null;
  /** The outage that it is asked about. */
  diagnose: number | null;
  /** Commands that this tab sent, or asked about, and waits for: it hears of their end however long it stalls. */
  readonly sent: Set<string>;
  /** By topic; whoever had the last word in a full batch comes last in the next one. */
  readonly readers: Map<string, Reader>;
}

/** What every tab is told the same of. */
type Parts = Required<
  Pick<Batch, 'connection' | 'clock' | 'keptClock' | 'storage' | 'outbox' | 'principal' | 'signOuts'>
>;
type Part = keyof Parts;
/** `null`: there is nothing to tell yet. */
export type TabsSource = { readonly [P in Part]: () => Parts[P] | null };

/** The tabs, and what is on the way to each: one batch at a time, the next one when it was taken. */
export class Tabs implements TokenTabs {
  readonly #context: Context;
  readonly #topics: Topics;
  readonly #source: TabsSource;
  readonly #tabs = new Map<TabId, Tab>();
  /** What the batches of one flush share. */
  #shared: Partial<Parts> = {};
  /** For whichever tab can be told. */
  #messages: HubMessage[] = [];
  /**
   * By id: commands that are in memory alone, and which page may not have heard that. `credits`: so many are still to come
   * until it has; one that goes into the back/forward cache before offers its command to another hub when it comes back.
   */
  readonly #unheard = new Map<string, { tab: TabId; credits: number }>();
  #window = { since: 0, events: 0, before: 0 };
  #eventsCounted = 0;
  readonly #pace = new Pace();

  constructor(context: Context, topics: Topics, source: TabsSource) {
    this.#context = context;
    this.#topics = topics;
    this.#source = source;
  }

  get count(): number {
    return this.#tabs.size;
  }

  has(id: TabId): boolean {
    return this.#tabs.has(id);
  }

  /** Whether some page is visible. */
  get areSeen(): boolean {
    for (const { visible } of this.#tabs.values()) if (visible) return true;
    return false;
  }

  get report(): HubReport['tabs'] {
    return [...this.#tabs.values()].map(({ id, visible, credit, readers }) => ({
      tab: id,
      visible,
      credit: credit.state,
      topics: [...readers.keys()],
    }));
  }

  get eventsPerSecond(): number {
    const { since, events, before } = this.#window;
    const age = this.#context.uptime - since;
    // The window's share of the one before, as if that had been even.
    return age > 2 * RATE_WINDOW_MS ? 0 : events + before * Math.max(0, 1 - age / RATE_WINDOW_MS);
  }

  attach(id: TabId, request: AttachRequest): void {
    this.#tabs.set(id, {
      id,
      request,
      visible: request.visible,
      givenAt: Number.NEGATIVE_INFINITY,
      hasMore: false,
      credit: { state: 'ready' },
      stale: new Set(['connection', 'clock', 'keptClock', 'storage', 'outbox', 'principal', 'signOuts']),
      settled: [],
      messages: [],
      tokenRequest: null,
      diagnose: null,
      sent: new Set(),
      readers: new Map(),
    });
  }

  gone(id: TabId): void {
    this.#messages.unshift(...(this.#tabs.get(id)?.messages ?? []));
    this.#tabs.delete(id);
    this.#context.deadlines.clear(stallName(id));
    this.#topics.tabGone(id);
  }

  subscribe(id: TabId, topic: string, ticket: number, position: Position | null): void {
    const tab = this.#tabs.get(id);
    if (!tab) return;
    const reader = this.#topics.subscribe(id, topic, ticket, position);
    if (tab.credit.state === 'stalled') reader.stall();
    tab.readers.set(topic, reader);
  }

  unsubscribe(id: TabId, topic: string): void {
    this.#tabs.get(id)?.readers.delete(topic);
    this.#topics.unsubscribe(id, topic);
  }

  credited(id: TabId): void {
    const tab = this.#tabs.get(id);
    if (!tab || tab.credit.state === 'ready') return;
    this.#context.deadlines.clear(stallName(id));
    for (const [topic, position] of tab.credit.given) this.#topics.credited(topic, position);
    tab.credit = { state: 'ready' };
    for (const [command, one] of this.#unheard) {
      if (one.tab !== id) continue;
      if (--one.credits === 0) this.#unheard.delete(command);
      else tab.stale.add('clock');
    }
  }

  setVisible(id: TabId, visible: boolean): void {
    const tab = this.#tabs.get(id);
    if (tab) tab.visible = visible;
  }

  /** Visible ones first: a hidden page's timers are throttled. */
  tokenTabs(forUrl: boolean): readonly TabId[] {
    return [...this.#tabs.values()]
      .filter(({ request }) => (forUrl ? request.url === null : request.hasToken))
      .sort((a, b) => rank(b) - rank(a))
      .map(({ id }) => id);
  }

  /**
   * Asks the tab that is likeliest to answer about an outage.
   *
   * @returns who finds out about it instead; `null`: a tab does, or nobody wants to know.
   */
  askToDiagnose(outage: number): 'hub' | null {
    const [best] = [...this.#tabs.values()]
      .filter(({ request }) => request.diagnose)
      .sort((a, b) => rank(b) - rank(a));
    if (best?.request.diagnose !== 'tab') return best?.request.diagnose ?? null;
    best.diagnose = outage;
    return null;
  }

  askForToken(id: TabId, request: number): void {
    const tab = this.#tabs.get(id);
    if (tab) tab.tokenRequest = request;
  }

  changed(part: Part): void {
    for (const { stale } of this.#tabs.values()) stale.add(part);
  }

  /** Those that came with such a request. */
  whose(is: (request: AttachRequest) => boolean): TabId[] {
    return [...this.#tabs.values()].filter(({ request }) => is(request)).map(({ id }) => id);
  }

  /** Of the build that its page is of. A tab that has left meanwhile is not known any more: then it is taken for ours. */
  appVersionOf(id: TabId): number {
    return this.#tabs.get(id)?.request.appVersion ?? this.#context.protocol.version;
  }

  /** Whose its commands are; `undefined`: nobody has told it yet. */
  principalOf(id: TabId): string | undefined {
    return this.#tabs.get(id)?.request.principal;
  }

  sends(id: TabId, command: string): void {
    this.#tabs.get(id)?.sent.add(command);
  }

  /** A page is answered that its command is in memory alone. */
  answered(id: TabId, command: string): void {
    // The first one may be of a batch that was on its way before the answer.
    this.#unheard.set(command, { tab: id, credits: 2 });
  }

  /** Whether its page has heard that this hub has it, and offers it to no other one. */
  hasHeard(command: string): boolean {
    return !this.#unheard.has(command);
  }

  /** What ended before this tab came. */
  recall(id: TabId, settled: readonly StoredOutcome[]): void {
    this.#tabs.get(id)?.settled.push(...settled);
  }

  settled(settled: StoredOutcome): void {
    this.#unheard.delete(settled.id);
    for (const tab of this.#tabs.values()) {
      tab.settled.push(settled);
      if (tab.credit.state !== 'stalled' || tab.settled.length <= KEEP_FOR_STALLED) continue;
      const index = tab.settled.findIndex(({ id }) => !tab.sent.has(id));
      if (index >= 0) tab.settled.splice(index, 1);
    }
  }

  /** Gives every tab that can take it what there is for it. @param isLast nothing waits for a later time, which does not come */
  flush(isLast = false): void {
    this.#route();
    this.#measureRate();
    this.#shared = {};
    let nextMs = Number.POSITIVE_INFINITY;
    // Nobody who looks at a tab waits for those that nobody looks at.
    for (const first of [true, false])
      for (const tab of this.#tabs.values()) {
        if (tab.credit.state !== 'ready' || isSeen(tab) !== first) continue;
        const waitMs = this.#waitMs(tab);
        if (waitMs <= 0 || (isLast && waitMs < Number.POSITIVE_INFINITY)) this.#deliver(tab);
        else nextMs = Math.min(nextMs, waitMs);
      }
    this.#topics.trim();
    if (nextMs < Number.POSITIVE_INFINITY) this.#context.after('flush', nextMs, () => {});
    else this.#context.deadlines.clear('flush');
  }

  handedOut(ms: number): void {
    this.#pace.spent(ms, this.#context.uptime);
  }

  /** How long what there is for a tab has to wait; Infinity where there is nothing. */
  #waitMs(tab: Tab): number {
    const { uptime } = this.#context;
    if (mustGo(tab) || this.#isAwaited(tab) || (isSeen(tab) && hasNews(tab))) return 0;
    if (!hasNews(tab) && !some(tab, 'hasUpdates')) return Number.POSITIVE_INFINITY;
    if (isSeen(tab) || tab.hasMore || some(tab, 'isUrgent')) return this.#pace.waitMs(uptime);
    return this.#pace.unseenWaitMs(uptime, tab.givenAt);
  }

  /** Its credit is waited for, so that a command may go on. */
  #isAwaited({ id, stale }: Tab): boolean {
    if (!stale.has('clock')) return false;
    for (const { tab } of this.#unheard.values()) if (tab === id) return true;
    return false;
  }

  /** The last word to every tab, whether it can take it or not. */
  farewell(): void {
    this.#route();
    this.#shared = {};
    for (const { id, settled, messages } of this.#tabs.values()) {
      const batch: Batch = { hub: this.#context.ownershipId, settled, reports: messages };
      this.#tell(batch, 'connection');
      this.#tell(batch, 'outbox');
      this.#context.emit({ type: 'deliver', tab: id, batch });
    }
  }

  /** The only word to a tab that is signed out. */
  turnAway(id: TabId): void {
    this.gone(id);
    this.#context.emit({
      type: 'deliver',
      tab: id,
      batch: { hub: this.#context.ownershipId, connection: SIGNED_OUT },
    });
  }

  #deliver(tab: Tab): void {
    const { ownershipId: hub, now, ticks } = this.#context;
    const batch: Batch = { hub, sentAt: { now, ticks } };
    for (const part of tab.stale) this.#tell(batch, part);
    tab.stale.clear();
    for (const { id } of tab.settled) tab.sent.delete(id);
    if (tab.settled.length > 0) batch.settled = tab.settled.splice(0);
    if (tab.messages.length > 0) batch.reports = tab.messages.splice(0);
    if (tab.tokenRequest !== null) batch.tokenRequest = tab.tokenRequest;
    tab.tokenRequest = null;
    if (tab.diagnose !== null) batch.diagnose = tab.diagnose;
    tab.diagnose = null;
    const { updates, given } = this.#takeTopics(tab);
    if (updates.length > 0) batch.topics = updates;
    tab.credit = { state: 'out', given };
    tab.givenAt = this.#context.uptime;
    this.#context.after(stallName(tab.id), STALL_AFTER_MS, () => this.#stall(tab));
    this.#context.counts.batches++;
    this.#context.emit({ type: 'deliver', tab: tab.id, batch });
  }

  #tell<P extends Part>(batch: Partial<Parts>, part: P): void {
    const value = this.#shared[part] ?? this.#source[part]();
    if (value === null) return;
    this.#shared[part] = value;
    batch[part] = value;
  }

  #takeTopics(tab: Tab): { updates: TopicUpdate[]; given: Map<string, TopicPlace> } {
    const { readers } = tab;
    const updates: TopicUpdate[] = [];
    const given = new Map<string, TopicPlace>();
    const budget: Budget = { items: BATCH_ITEMS };
    for (const [topic, reader] of readers) {
      if (!reader.hasUpdates) continue;
      const droppedBefore = reader.dropped;
      const standsAt = reader.take(updates, budget);
      if (standsAt) given.set(topic, standsAt);
      this.#context.counts.dropped += reader.dropped - droppedBefore;
      if (budget.items > 0) continue;
      readers.delete(topic);
      readers.set(topic, reader);
      break;
    }
    tab.hasMore = budget.items <= 0;
    return { updates, given };
  }

  #stall(tab: Tab): void {
    if (tab.credit.state !== 'out') return;
    tab.credit = { state: 'stalled', given: tab.credit.given };
    this.#messages.unshift(...tab.messages.splice(0));
    for (const reader of tab.readers.values()) reader.stall();
  }

  /** Messages go to one tab, one that somebody sees if there is one; they wait where there is none. */
  #route(): void {
    this.#messages.push(...this.#context.takeMessages());
    if (this.#messages.length === 0) return;
    this.#messages.splice(0, this.#messages.length - KEEP_FOR_STALLED);
    let best: Tab | undefined;
    for (const tab of this.#tabs.values())
      if (tab.credit.state !== 'stalled' && (!best || rank(tab) > rank(best))) best = tab;
    if (!best) return;
    best.messages.push(...this.#messages.splice(0));
    best.messages.splice(0, best.messages.length - KEEP_FOR_STALLED);
  }

  #measureRate(): void {
    const { uptime, counts } = this.#context;
    const fresh = counts.events - this.#eventsCounted;
    this.#eventsCounted = counts.events;
    const age = uptime - this.#window.since;
    if (age >= RATE_WINDOW_MS) {
      const before = age < 2 * RATE_WINDOW_MS ? this.#window.events : 0;
      this.#window = { since: uptime, events: 0, before };
    }
    this.#window.events += fresh;
  }
}

function isSeen({ visible, request }: Tab): boolean {
  return visible || request.live === true;
}

function some({ readers }: Tab, is: 'hasUpdates' | 'isUrgent' | 'isVoid'): boolean {
  for (const reader of readers.values()) if (reader[is]) return true;
  return false;
}

/** What waits for nothing, whether or not somebody sees the tab: what it is asked, what it waits for, and what it may show no more. */
function mustGo(tab: Tab): boolean {
  const { tokenRequest, diagnose, settled, sent } = tab;
  return (
    tokenRequest !== null ||
    diagnose !== null ||
    settled.some(({ id }) => sent.has(id)) ||
    some(tab, 'isVoid')
  );
}

/** What is no event: somebody who sees the tab waits for it, however many events there are. */
function hasNews({ stale, settled, messages }: Tab): boolean {
  return stale.size > 0 || settled.length > 0 || messages.length > 0;
}

function rank({ visible, credit }: Tab): number {
  return (visible ? 2 : 0) + (credit.state === 'ready' ? 1 : 0);
}

function stallName(id: TabId): DeadlineName {
  return `stall:${id}`;
}
