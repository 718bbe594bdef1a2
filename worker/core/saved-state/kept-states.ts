/** When the last known state of topics is read from the device, when it is written there, and when it goes. */
import type { SnapshotItem } from '../../../src/protocol/frames/index.ts';
import { interpretEvent, isPersistent } from '../../../src/protocol/interpret.ts';
import type { HubReport } from '../../../src/protocol/model.ts';
import type { ClockReading, Reply, TabItem } from '../../../src/protocol/port.ts';
import type { AnyProtocol } from '../../../src/protocol/types.ts';
import type { Context } from '../context.ts';
import { ok, type Respond, refusal } from '../reply.ts';
import type { SavedStates, SavedStatesOwner, WayBack } from '../saved-states.ts';
import {
  isSameOwner,
  type SavedHead,
  type SavedRows,
  type SavedTopics,
  type Slot,
  type StateAnswer,
  type StateOp,
  type StateOwner,
} from '../state-store.ts';
import type { StoredCursor } from '../store.ts';
import type { TopicPlace } from '../topics/journal.ts';
import { tabItem } from '../topics/read-item.ts';
import { KeptTopic } from './kept-topic.ts';
import { Repetition } from './way-back.ts';

/** What was known so long ago is of no use any more; nor is what a clock that was wrong puts so far ahead. */
const KEEP_MS = 30 * 24 * 60 * 60 * 1_000;
/** From a failure of the store to the next try. */
const RETRY_MS = 60_000;
/** So long a sign-out waits for the state to go: less than its own time, or it would be told as one that may not have taken place. */
const END_WITHIN_MS = 5_000;

type Phase =
  /** Whose the state is, is not known yet. */
  | { readonly state: 'unknown' }
  /** `failed`: it is opened anew at the deadline. */
  | { readonly state: 'opening' | 'ready' | 'failed'; readonly owner: StateOwner }
  /** All that is kept goes, and nothing is kept from here on. `clear`: the write that does it; `null`: it failed, and is tried again. */
  | {
      readonly state: 'ending';
      readonly owner: StateOwner;
      readonly clear: number | null;
      readonly waiting: readonly (() => void)[];
    }
  /** `isGone`: nothing is kept any more; else another hub has it, or a newer build. */
  | { readonly state: 'over'; readonly isGone: boolean };

/**
 * A cache on the device, which may fail without harm. Nobody waits for it but a sign-out, which is to leave nothing behind, and a
 * topic that may go on from it, for a moment.
 */
export class KeptStates implements SavedStates {
  readonly #context: Context;
  readonly #owner: SavedStatesOwner;
  #phase: Phase = { state: 'unknown' };
  /** As the store has them. */
  readonly #heads = new Map<string, SavedHead>();
  /** Of those that some tab listens to: what is to be kept. `null`: not known yet, or not to be kept. */
  readonly #topics = new Map<string, KeptTopic | null>();
  /** Not kept again while some tab listens to them. */
  readonly #forgotten = new Set<string>();
  /** Whose rows are to go, and are not known to be gone. */
  readonly #owed = new Set<string>();
  /** The hub made their first state when what the store has of them could not be read: that stays, if there is anything. */
  readonly #unread = new Set<string>();
  /** The server was asked to go on from there. */
  readonly #tried = new Set<string>();
  /** What is under way, by its number. */
  readonly #writes = new Map<number, (isDone: boolean) => void>();
  #lastWrite = 0;
  #unreadableRows = 0;
  /** As it was kept. */
  #clockAheadMs: number | undefined;

  constructor(context: Context, owner: SavedStatesOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  get clock(): ClockReading | null {
    const ahead = this.#clockAheadMs;
    const browser = this.#context.now;
    return ahead === undefined ? null : { browser, server: browser + ahead };
  }

  get report(): NonNullable<HubReport['savedState']> {
    const { state } = this.#phase;
    return { state, topics: [...this.#heads.values()], unreadableRows: this.#unreadableRows };
  }

  begin(owner: StateOwner): void {
    const phase = this.#phase;
    if (phase.state === 'over' || phase.state === 'ending') return;
    if (phase.state !== 'unknown') {
      if (isSameOwner(phase.owner, owner)) {
        this.#phase = { ...phase, owner };
        return;
      }
      for (const name of this.#topics.keys()) this.#topics.set(name, null);
    }
    this.#open({ state: 'opening', owner });
  }

  #open(phase: Phase & { readonly owner: StateOwner }): void {
    this.#become(phase);
    this.#context.emit({ type: 'saved_state', ask: { ask: 'open', owner: phase.owner } });
    // Whether there is anything is not known yet: asked for at once, it comes sooner.
    for (const [name, topic] of this.#topics) if (!topic) this.#load(name);
  }

  #reopen(): void {
    if (this.#phase.state === 'failed') this.#open({ ...this.#phase, state: 'opening' });
  }

  answered(answer: StateAnswer): void {
    switch (answer.answer) {
      case 'opened':
        return this.#opened(answer.saved);
      case 'loaded':
        return this.#loaded(answer.topic, answer.saved);
      case 'committed':
        return this.#committed(answer.write);
      case 'failed':
        return this.#failed(answer);
    }
  }

  #opened({ heads, unreadable }: SavedTopics): void {
    if (this.#phase.state !== 'opening') return;
    this.#phase = { ...this.#phase, state: 'ready' };
    this.#tellUnreadable(unreadable);
    for (const head of heads) {
      if (Math.abs(this.#context.now - head.savedAt) > KEEP_MS) this.#owed.add(head.topic);
      if (!this.#owed.has(head.topic)) this.#heads.set(head.topic, head);
    }
    for (const topic of this.#owed) this.#delete(topic);
    const newest = [...this.#heads.values()].reduce<SavedHead | null>(
      (a, b) => (a && a.savedAt > b.savedAt ? a : b),
      null,
    );
    this.#clockAheadMs = newest?.clockAheadMs;
    this.#owner.foundClock();
    for (const [name, topic] of this.#topics) {
      const isLeft = this.#unread.delete(name) && this.#heads.has(name);
      if (isLeft) this.#leaveOut(name);
      else if (topic) topic.doubt();
      else if (!this.#heads.has(name)) this.#owner.looked(name, null);
    }
    this.save();
  }

  listen(name: string): void {
    if (this.#phase.state === 'over' || this.#phase.state === 'ending') return;
    this.#topics.set(name, null);
    if (this.#phase.state === 'opening' || this.#heads.has(name)) this.#load(name);
    else this.#owner.looked(name, null);
  }

  #load(topic: string): void {
    this.#context.emit({ type: 'saved_state', ask: { ask: 'load', topic } });
  }

  savedAt(name: string): number | undefined {
    return this.#topics.get(name)?.head.savedAt;
  }

  isLooking(name: string): boolean {
    const mayBeFound = this.#phase.state === 'opening' || this.#heads.has(name);
    return mayBeFound && this.#topics.get(name) === null && !this.#forgotten.has(name);
  }

  kept(name: string, next: () => number): SnapshotItem[] {
    const topic = this.#topics.get(name);
    const items = topic?.items ?? [];
    // Pages may know those of this hub.
    const isOurs = topic?.head.epoch === this.#context.ownershipId;
    return isOurs ? items : items.map((item) => ({ ...item, offset: next() }));
  }

  leave(name: string): void {
    this.save();
    for (const known of [this.#topics, this.#forgotten, this.#unread, this.#tried]) known.delete(name);
  }

  #loaded(name: string, { head, rows, unreadable }: SavedRows): void {
    this.#tellUnreadable(unreadable);
    // Where it is not `null`, the server was faster.
    if (this.#topics.get(name) !== null || this.#forgotten.has(name)) return;
    if (!head || this.#owed.has(name)) {
      this.#heads.delete(name);
      return this.#owner.looked(name, null);
    }
    const topic = KeptTopic.stored(head, rows, unreadable === 0);
    this.#topics.set(name, topic);
    if (topic.isChanged) this.#saveSoon();
    const { protocol } = this.#context;
    const events = topic.items.map((item) => savedItem(protocol, item)).filter((item) => item !== null);
    const { epoch, offset, lastSeen: ts, savedAt } = head;
    this.#owner.looked(name, { at: { epoch, offset, ts }, savedAt, events });
  }

  wayBack(name: string, cursor: StoredCursor | null): WayBack | 'soon' | 'read' | null {
    if (this.#owner.isPlain()) return this.isLooking(name) ? 'read' : null;
    if (!cursor) return null;
    if (this.#phase.state === 'opening') return 'soon';
    const topic = this.#topics.get(name);
    const head = topic ? topic.head : this.#heads.get(name);
    if (!head || this.#tried.has(name) || !this.#isWayBack(head, cursor)) return null;
    if (topic === null) return 'soon';
    if (!topic) return null;
    this.#tried.add(name);
    return new Repetition(this.#context.protocol, head, topic.copy, cursor);
  }

  #isWayBack({ isAll, savedAt, epoch }: SavedHead, cursor: StoredCursor): boolean {
    const { now, settings } = this.#context;
    const agoMs = now - savedAt;
    return isAll === true && agoMs >= 0 && agoMs <= settings.resyncAfterMs && cursor.epoch === epoch;
  }

  replaced(
    name: string,
    at: TopicPlace,
    events: readonly SnapshotItem[],
    read: readonly (TabItem | null)[],
  ): void {
    if (!this.#topics.has(name) || this.#forgotten.has(name)) return;
    // A server of the plain dialect sends no state: the hub makes one, which says nothing of what could not be read.
    const isMade = at.epoch === this.#context.ownershipId;
    if (isMade && this.#phase.state !== 'ready' && !this.#topics.get(name)) this.#unread.add(name);
    const items = new Map<Slot, SnapshotItem>();
    let isAll = true;
    for (const [i, event] of events.entries()) {
      const isKept = this.#keep(event, read[i], (slot, item) => items.set(slot, item));
      isAll &&= isKept;
    }
    const topic = this.#topics.get(name) ?? new KeptTopic({ topic: name, ...this.#placeOf(at), size: 0 });
    this.#topics.set(name, topic);
    topic.replace(at.epoch, items, isAll);
    this.confirm(name, at);
  }

  happened(name: string, at: TopicPlace, event: SnapshotItem, read: TabItem | null): void {
    const topic = this.#topics.get(name);
    if (!topic) return;
    // Of whatever type it is, also of one that cannot be read, what its key was before is not so any more.
    const key = event.key ?? read?.key;
    if (key != null) topic.drop(key);
    const isGone = event.gone ?? read?.gone;
    if (!this.#keep(event, read, (slot, item) => topic.put(slot, item)) && !isGone) topic.lacks();
    topic.bound(this.#context.settings.tailLimit);
    this.confirm(name, at);
  }

  /** Whether it is one that is kept. */
  #keep(
    { offset, ts, key, event }: SnapshotItem,
    read: TabItem | null | undefined,
    put: (slot: Slot, item: SnapshotItem) => void,
  ): boolean {
    if (!read || read.gone || !isPersistent(this.#context.protocol, event.type)) return false;
    put(read.key ?? offset, { offset, ts, ...(key !== undefined && { key }), event });
    return true;
  }

  confirm(name: string, at: TopicPlace, knownAt?: number): void {
    this.#topics.get(name)?.moved(this.#placeOf(at, knownAt));
    this.#saveSoon();
  }

  #saveSoon(): void {
    const { deadlines, settings } = this.#context;
    if (this.#phase.state === 'ready' && deadlines.at('state') === null)
      this.#context.after('state', settings.stateSaveMs, () => this.save());
  }

  #placeOf({ epoch, offset, ts: lastSeen }: TopicPlace, savedAt = this.#context.now) {
    const { certainServerNow, now } = this.#context;
    const clock = certainServerNow === null ? {} : { clockAheadMs: Math.round(certainServerNow - now) };
    return { epoch, offset, lastSeen, savedAt, ...clock };
  }

  save(): void {
    if (this.#phase.state !== 'ready') return;
    const { deadlines, settings } = this.#context;
    deadlines.clear('state');
    for (const [name, topic] of this.#topics) {
      if (!topic?.isChanged) continue;
      this.#write(topic.take(settings.tailLimit));
      this.#heads.set(name, topic.head);
    }
    this.#bound();
  }

  forget(topic: string, reply?: Respond<null>): void {
    const sought = this.#sought.filter((name) => name === topic);
    if (this.#topics.has(topic)) this.#leaveOut(topic);
    this.#heads.delete(topic);
    this.#foundNothing(sought);
    this.#owed.add(topic);
    this.#delete(topic, (isGone) => reply?.(isGone ? ok(null) : unforgotten(topic)));
  }

  /** Nothing of it is kept while some tab listens. */
  #leaveOut(name: string): void {
    this.#topics.set(name, null);
    this.#forgotten.add(name);
  }

  /** Those that are looked for. */
  get #sought(): string[] {
    return [...this.#topics.keys()].filter((name) => this.isLooking(name));
  }

  #foundNothing(sought: readonly string[]): void {
    for (const name of sought) this.#owner.looked(name, null);
  }

  /** Where it fails, it is asked for again when the store is back: a topic that is not to be shown any more must not come back. */
  #delete(topic: string, done?: (isGone: boolean) => void): void {
    this.#write({ op: 'forget', topic }, (isGone) => {
      if (isGone) this.#owed.delete(topic);
      done?.(isGone);
    });
  }

  end(done: () => void = () => {}): void {
    const phase = this.#phase;
    if (phase.state === 'over') {
      if (!phase.isGone) this.#tellLeft();
      return done();
    }
    if (phase.state !== 'ending' || phase.clear === null) return this.#clear([done]);
    this.#phase = { ...phase, waiting: [...phase.waiting, done] };
  }

  #clear(waiting: readonly (() => void)[]): void {
    const former = this.#phase;
    const sought = this.#sought;
    const clear = ++this.#lastWrite;
    const phase = { state: 'ending' as const, owner: nobody(former), clear, waiting };
    this.#topics.clear();
    if (former.state === 'opening' || former.state === 'ready') this.#phase = phase;
    else this.#open(phase);
    this.#foundNothing(sought);
    this.#context.emit({ type: 'saved_state', ask: { ask: 'commit', write: clear, op: { op: 'clear' } } });
    this.#context.afterAwake('state', END_WITHIN_MS, () => this.#letGo(clear));
  }

  /** Whoever waits for the end goes on without it. */
  #letGo(clear: number | null): void {
    const phase = this.#phase;
    if (phase.state !== 'ending') return;
    this.#tellLeft();
    this.#phase = { ...phase, clear, waiting: [] };
    for (const done of phase.waiting) done();
  }

  /** One after the other, as they are asked for. */
  #write(op: StateOp, done: (isDone: boolean) => void = () => {}): void {
    const phase = this.#phase;
    if (phase.state === 'over') return done(phase.isGone);
    if (phase.state === 'unknown' || phase.state === 'failed') return done(false);
    const write = ++this.#lastWrite;
    this.#writes.set(write, done);
    this.#context.emit({ type: 'saved_state', ask: { ask: 'commit', write, op } });
  }

  #committed(write: number): void {
    const phase = this.#phase;
    if (phase.state === 'ending' && write === phase.clear) this.#over(true);
    else this.#settle(write, true);
  }

  #settle(write: number, isDone: boolean): void {
    const done = this.#writes.get(write);
    this.#writes.delete(write);
    done?.(isDone);
  }

  #failed({ failure, message, write }: StateAnswer & { readonly answer: 'failed' }): void {
    const phase = this.#phase;
    this.#context.log('warn', `the last known state cannot be kept for now (${failure}: ${message})`);
    if (phase.state === 'over') return;
    // What was asked for ahead of the end says nothing of the end.
    if (phase.state === 'ending' && write !== phase.clear)
      return write === undefined ? undefined : this.#settle(write, false);
    // Another hub keeps it, or a newer build.
    if (failure === 'fenced' || failure === 'newer_format') return this.#over(false);
    if (phase.state === 'ending') {
      this.#letGo(null);
      return this.#context.after('state', RETRY_MS, () => this.#clear([]));
    }
    if (!('owner' in phase)) return;
    const { owner } = phase;
    const sought = this.#sought;
    this.#become({ state: 'failed', owner });
    this.#foundNothing(sought);
    if (failure === 'full') this.end();
    else this.#context.after('state', RETRY_MS, () => this.#reopen());
  }

  #over(isGone: boolean): void {
    const phase = this.#phase;
    const waiting = phase.state === 'ending' ? phase.waiting : [];
    if (phase.state === 'ending' && !isGone) this.#tellLeft();
    const sought = this.#sought;
    this.#become({ state: 'over', isGone });
    this.#foundNothing(sought);
    for (const done of waiting) done();
  }

  /** What was asked for until now is not done any more, or nobody knows. */
  #become(phase: Phase): void {
    const writes = [...this.#writes.values()];
    this.#phase = phase;
    this.#context.deadlines.clear('state');
    this.#writes.clear();
    this.#heads.clear();
    if (phase.state === 'over') this.#topics.clear();
    for (const done of writes) done(phase.state === 'over' && phase.isGone);
  }

  /** A topic that is too large by itself goes first, then what was known longest ago, and last what some tab listens to. */
  #bound(): void {
    const { stateBytes } = this.#context.settings;
    const heads = [...this.#heads.values()];
    let total = heads.reduce((sum, { size }) => sum + size, 0);
    // None is older than that.
    const listenedAt = ({ topic, savedAt }: SavedHead) => savedAt + (this.#topics.has(topic) ? KEEP_MS : 0);
    const rank = (head: SavedHead) => (head.size > stateBytes ? 0 : listenedAt(head));
    for (const { topic, size } of heads.sort((a, b) => rank(a) - rank(b))) {
      if (total <= stateBytes) return;
      total -= size;
      this.forget(topic);
    }
  }

  #tellLeft(): void {
    const message =
      "the last known state was to be deleted and may still be there: the browser's storage fails; the next start tries again, or delete this site's data";
    this.#context.reportOnce('state end', 'storage_unavailable', message);
  }

  #tellUnreadable(rows: number): void {
    this.#unreadableRows += rows;
    const message = `${rows} stored rows of the last known state cannot be read; they are not used`;
    if (rows > 0) this.#context.reportOnce('state rows', 'storage_unavailable', message);
  }
}

/** Of rows that are to be deleted whose ever they are, for the ownership that had them. */
function nobody(phase: Phase): StateOwner {
  const ownership = 'owner' in phase ? phase.owner.ownership : undefined;
  return { principal: null, signOuts: -1, databaseId: null, ...(ownership && { ownership }) };
}

/** What a page is answered where the store fails. */
function unforgotten(topic: string): Reply<never> {
  const message = `what is kept of topic ${topic} may still be there: the browser's storage fails; try again`;
  return refusal('storage_unavailable', message);
}

/** Of what was kept on the device; `null`: it is nothing that would be kept now, as of another version of the application. */
function savedItem(protocol: AnyProtocol, item: SnapshotItem): TabItem | null {
  const interpreted = interpretEvent(protocol, item.event);
  return interpreted.ok && isPersistent(protocol, item.event.type)
    ? tabItem(item, interpreted, true, false)
    : null;
}
