/** Which topics a hub has, and which positions it stores. */
import type { ServerFrame } from '../../../src/protocol/frames/index.ts';
import type { Position } from '../../../src/protocol/port.ts';
import type { Context } from '../context.ts';
import type { DeadlineName } from '../deadlines.ts';
import type { TabId } from '../io.ts';
import type { SavedStates } from '../saved-states.ts';
import type { StoredCursor, StoreOp } from '../store.ts';
import type { StoreWriter } from '../store-writer.ts';
import type { TopicPlace } from './journal.ts';
import type { Reader } from './reader.ts';
import type { TopicSocket } from './server-subscription.ts';
import { Topic } from './topic.ts';

/** A topic that nobody looked at for so long begins anew. */
const KEEP_CURSOR_MS = 30 * 24 * 60 * 60 * 1_000;
const KEEP_CURSORS = 1_000;

/** All topics that some tab listens to, or did a moment ago, and where each one stands. */
export class Topics {
  readonly #context: Context;
  readonly #writer: StoreWriter;
  readonly #socket: TopicSocket;
  readonly #savedStates: SavedStates | null;
  readonly #topics = new Map<string, Topic>();
  /** Of topics that are not in `#topics`. */
  readonly #cursors = new Map<string, StoredCursor>();
  /** Of those the names whose pages may still show what had to go. */
  readonly #void = new Set<string>();
  /** Credited, and not stored yet. */
  readonly #unsaved = new Map<string, StoredCursor>();
  #wasDown = false;
  /** As of the newest connection. */
  #clientId: string | null = null;

  constructor(context: Context, writer: StoreWriter, socket: TopicSocket, savedStates: SavedStates | null) {
    this.#context = context;
    this.#writer = writer;
    this.#socket = socket;
    this.#savedStates = savedStates;
  }

  get all(): Iterable<Topic> {
    return this.#topics.values();
  }

  /** Whether some tab listens. */
  get areWanted(): boolean {
    for (const { readers } of this.#topics.values()) if (readers.size > 0) return true;
    return false;
  }

  /** Whether some snapshot has begun and has not ended. */
  get areArriving(): boolean {
    for (const { subscription } of this.#topics.values())
      if (subscription.phase.state === 'asked' && subscription.phase.parts) return true;
    return false;
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  hasState(name: string): boolean {
    return Boolean(this.#topics.get(name)?.knowledge);
  }

  /** Takes the stored cursors over; returns what memory has and the store lacks. */
  load(cursors: readonly StoredCursor[]): StoreOp[] {
    const { now } = this.#context;
    const ops: StoreOp[] = [];
    const newestFirst = [...cursors].sort((a, b) => b.savedAt - a.savedAt);
    for (const [index, cursor] of newestFirst.entries()) {
      if (index >= KEEP_CURSORS || cursor.savedAt + KEEP_CURSOR_MS < now) {
        ops.push({ op: 'delete', table: 'cursors', key: cursor.topic });
      } else if (!this.#topics.has(cursor.topic) && !this.#cursors.has(cursor.topic)) {
        this.#cursors.set(cursor.topic, cursor);
      }
    }
    const inStore = new Set(cursors.map(({ topic }) => topic));
    const known = [...this.#cursors.values(), ...[...this.#topics.values()].map(({ cursor }) => cursor)];
    for (const cursor of known)
      if (cursor && !inStore.has(cursor.topic) && !this.#unsaved.has(cursor.topic))
        ops.push(putCursor(cursor));
    for (const cursor of this.#unsaved.values()) ops.push(putCursor(cursor));
    return ops;
  }

  subscribe(tab: TabId, name: string, ticket: number, position: Position | null): Reader {
    this.#context.deadlines.clear(lingerName(name));
    return (this.#topics.get(name) ?? this.#newTopic(name)).take(tab, ticket, position);
  }

  #newTopic(name: string): Topic {
    const cursor = this.#cursors.get(name) ?? null;
    const topic = new Topic(name, this.#context, this.#socket, cursor, this.#savedStates);
    topic.isVoid = this.#void.delete(name);
    this.#topics.set(name, topic);
    this.#cursors.delete(name);
    this.#savedStates?.listen(name);
    return topic;
  }

  /** The last one to leave unsubscribes, after a while, so that moving between pages costs nothing. */
  unsubscribe(tab: TabId, name: string): void {
    const topic = this.#topics.get(name);
    if (!topic?.readers.delete(tab) || topic.readers.size > 0) return;
    this.#context.after(lingerName(name), this.#context.settings.lingerMs, () => {
      topic.subscription.stop();
      this.#topics.delete(name);
      this.#savedStates?.leave(name);
      if (topic.isVoid) this.#void.add(name);
      if (topic.cursor) this.#cursors.set(name, topic.cursor);
    });
  }

  tabGone(tab: TabId): void {
    for (const name of [...this.#topics.keys()]) this.unsubscribe(tab, name);
  }

  took(name: string, epoch: string, offsets: readonly number[], ts?: readonly number[]): void {
    this.#topics.get(name)?.took(epoch, offsets, ts);
  }

  /** @param clientId by which the server knows this browser */
  connected(clientId: string): void {
    const isRenamed = this.#clientId !== null && this.#clientId !== clientId;
    this.#clientId = clientId;
    for (const { subscription } of this.#topics.values()) {
      if (isRenamed) subscription.renamed();
      subscription.ask();
    }
  }

  /** Of topics of which nothing is known it makes a difference whether there is a line. */
  lineChanged(): void {
    const { isDown } = this.#socket;
    if (isDown === this.#wasDown) return;
    this.#wasDown = isDown;
    for (const topic of this.#topics.values()) topic.statusChanged();
  }

  disconnected(): void {
    this.saveStates();
    for (const topic of this.#topics.values()) topic.subscription.disconnected();
  }

  /** @param characters how large the frame was as text */
  received(frame: ServerFrame, characters: number): void {
    switch (frame.type) {
      case 'subscribed':
        return this.#topics.get(frame.topic)?.subscription.subscribed(frame);
      case 'snapshot':
        return this.#topics.get(frame.topic)?.subscription.snapshot(frame, characters);
      case 'event':
        return this.#topics.get(frame.topic)?.event(frame);
      case 'error': {
        const { code, message, topic } = frame;
        this.#context.log(
          'warn',
          `the server reports ${code}${topic ? ` for topic ${topic}` : ''}: ${message}`,
        );
        if (topic !== undefined) this.#topics.get(topic)?.subscription.refused(frame);
      }
    }
  }

  /** Some page has taken a topic up to here: the cursor may be stored. */
  credited(name: string, position: TopicPlace): void {
    const cursor = this.#topics.get(name)?.credited(position);
    if (!cursor) return;
    this.#unsaved.set(name, cursor);
    const { deadlines, settings } = this.#context;
    if (deadlines.at('cursors') === null)
      this.#context.after('cursors', settings.cursorSaveMs, () => this.saveCursors());
  }

  saveCursors(): void {
    this.#context.deadlines.clear('cursors');
    if (this.#unsaved.size === 0) return;
    const cursors = [...this.#unsaved.values()];
    this.#unsaved.clear();
    this.#writer.write(cursors.map(putCursor), 'relaxed', (stored) => {
      if (stored) return;
      for (const cursor of cursors)
        if (!this.#unsaved.has(cursor.topic)) this.#unsaved.set(cursor.topic, cursor);
    });
  }

  /** What is known of all of them is no more for whoever sits here. */
  void(): void {
    for (const topic of this.#topics.values()) topic.void();
    for (const name of this.#cursors.keys()) this.#void.add(name);
  }

  /** What is known is kept on the device at once, as known until the server was heard last. */
  saveStates(): void {
    if (!this.#savedStates) return;
    const knownAt = this.#context.now - this.#socket.silenceMs;
    for (const { name, subscription, knowledge } of this.#topics.values())
      if (knowledge && subscription.phase.state === 'live')
        this.#savedStates.confirm(name, knowledge.at, knownAt);
    this.#savedStates.save();
  }

  /** Forgets what every tab was given. */
  trim(): void {
    for (const topic of this.#topics.values()) topic.trim();
  }
}

function putCursor(cursor: StoredCursor): StoreOp {
  return { op: 'put', table: 'cursors', row: cursor };
}

function lingerName(topic: string): DeadlineName {
  return `linger:${topic}`;
}
