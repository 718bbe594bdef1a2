import type { ClientFrame, ServerFrame, SnapshotItem } from '../../src/protocol/frames/index.ts';
import { interpretEvent, type Typed } from '../../src/protocol/interpret.ts';
import type { HubWorld } from './hub-world.ts';
import { TOPIC, tsOf } from './topic-scene.ts';

const TAIL_LIMIT = 20;

interface Published extends SnapshotItem {
  readonly stateKey: string | null;
  readonly isGone: boolean;
  readonly critical: boolean;
}

/** A server of one topic as PROTOCOL.md wants it, with a history that forgets nothing, driven by the test. */
export class TopicServer {
  readonly #world: HubWorld;
  epoch = 1;
  #history: Published[] = [];
  readonly unacknowledged = new Set<number>();
  readonly acknowledged = new Set<number>();
  #generation = 0;
  #read = 0;
  #isSubscribed = false;
  /** Whether the next event is lost on its way. */
  losesNext = false;
  partSize = 1_000;

  constructor(world: HubWorld) {
    this.#world = world;
  }

  get history(): readonly Published[] {
    return this.#history;
  }

  get state(): Map<string, Typed> {
    const state = new Map<string, Typed>();
    for (const { stateKey, isGone, event } of this.#history) {
      if (stateKey === null) continue;
      state.delete(stateKey);
      if (!isGone) state.set(stateKey, event);
    }
    return state;
  }

  publish(events: readonly Typed[]): void {
    const frames: ServerFrame[] = [];
    for (const event of events) {
      const read = interpretEvent(this.#world.protocol, event);
      if (!read.ok) throw new Error(read.message);
      const offset = this.#history.length + 1;
      const ts = tsOf(offset);
      const { key: stateKey, gone: isGone, critical } = read;
      this.#history.push({ offset, ts, event, stateKey, isGone, critical });
      if (critical) this.unacknowledged.add(offset);
      if (!this.losesNext) frames.push(this.#frame(offset, {}));
      this.losesNext = false;
    }
    this.#say(frames);
  }

  /** Every critical event that is not acknowledged, once more. */
  repeat(): void {
    const offsets = [...this.unacknowledged].sort((a, b) => a - b);
    this.#say(offsets.map((offset) => this.#frame(offset, { redelivery: true })));
  }

  /** Its history is lost: a new epoch, told where somebody listens. */
  restart(): void {
    this.epoch++;
    this.#history = [];
    this.unacknowledged.clear();
    this.acknowledged.clear();
    if (!this.#isOpen || !this.#isSubscribed) return;
    this.#world.socket.say({ type: 'subscribed', ...this.#at(0), recovered: false });
    this.#snapshot(0, []);
  }

  /** Answers what the hub wrote since. */
  serve(): void {
    const { socket } = this.#world;
    if (this.#generation !== socket.generation) {
      this.#generation = socket.generation;
      this.#read = 0;
      this.#isSubscribed = false;
    }
    if (socket.state === 'connecting') socket.welcome();
    while (this.#isOpen && this.#read < socket.texts.length) {
      this.#answer(JSON.parse(socket.texts[this.#read++] ?? '') as ClientFrame);
    }
  }

  #answer(frame: ClientFrame): void {
    const { socket } = this.#world;
    switch (frame.type) {
      case 'ping':
        return socket.say({ type: 'pong', id: frame.id });
      case 'unsubscribe':
        this.#isSubscribed = false;
        return;
      case 'ack':
        if (frame.epoch !== `e${this.epoch}`) return;
        for (const offset of frame.offsets) {
          this.unacknowledged.delete(offset);
          this.acknowledged.add(offset);
        }
        return;
      case 'subscribe':
      case 'resync_request': {
        this.#isSubscribed = true;
        const cursor = frame.cursor?.epoch === `e${this.epoch}` ? frame.cursor.offset : null;
        const recovered = frame.type === 'subscribe' && cursor !== null;
        socket.say({ type: 'subscribed', ...this.#at(frame.ref), recovered });
        const missed = this.#history.slice(cursor ?? this.#history.length);
        if (recovered) this.#say(missed.map(({ offset }) => this.#frame(offset, {})));
        else this.#snapshot(frame.ref, missed);
        return this.repeat();
      }
    }
  }

  #snapshot(ref: number, missed: readonly SnapshotItem[]): void {
    const keyed = new Map<string, Published>();
    const tail: Published[] = [];
    for (const item of this.#history) {
      if (item.stateKey === null) tail.push(item);
      else keyed.delete(item.stateKey);
      if (item.stateKey !== null && !item.isGone) keyed.set(item.stateKey, item);
    }
    const events = [...keyed.values(), ...tail.slice(-TAIL_LIMIT)].sort((a, b) => a.offset - b.offset);
    const all = [...events.map((item) => ({ item })), ...missed.map((item) => ({ item, isMissed: true }))];
    for (let part = 0, from = 0; from === 0 || from < all.length; part++, from += this.partSize) {
      const slice = all.slice(from, from + this.partSize);
      const of = (isMissed: boolean) =>
        slice
          .filter((entry) => 'isMissed' in entry === isMissed)
          .map(({ item: { offset, ts, event } }) => ({ offset, ts, event }));
      const last = from + this.partSize >= all.length;
      const { offset } = this.#at(ref);
      this.#world.socket.say({
        type: 'snapshot',
        ...this.#at(ref),
        ts: tsOf(offset),
        part,
        last,
        events: of(false),
        missed: of(true),
      });
    }
  }

  #frame(offset: number, more: { redelivery?: true }): ServerFrame {
    const published = this.#history[offset - 1];
    if (!published) throw new Error(`nothing was published at ${offset}`);
    const { ts, event, critical } = published;
    return { type: 'event', topic: TOPIC, offset, ts, event, ...(critical && { ack: true }), ...more };
  }

  #at(ref: number) {
    return { topic: TOPIC, ref, epoch: `e${this.epoch}`, offset: this.#history.length };
  }

  #say(frames: readonly ServerFrame[]): void {
    if (frames.length > 0 && this.#isOpen && this.#isSubscribed)
      this.#world.socket.text(JSON.stringify(frames));
  }

  get #isOpen(): boolean {
    const { socket } = this.#world;
    return this.#generation === socket.generation && socket.state === 'open';
  }
}
