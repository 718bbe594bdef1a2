import * as z from 'zod/mini';
import type { ClientFrameOf, ServerFrameOf, SnapshotItem } from '../../src/protocol/frames/index.ts';
import { defineProtocol } from '../../src/protocol/index.ts';
import type { Typed } from '../../src/protocol/interpret.ts';
import type { Position, TabItem } from '../../src/protocol/port.ts';
import type { AnyProtocol } from '../../src/protocol/types.ts';
import type { Disk } from '../../testing/fakes/disk.ts';
import type { StateDisk } from '../../testing/fakes/state-store.ts';
import type { HubSettings } from '../../worker/core/settings.ts';
import { HubWorld, type WorldTab } from './hub-world.ts';

const schema = z.object({ id: z.string(), state: z.string() });

const protocolOf = (persist: boolean) =>
  defineProtocol({
    app: 'ops',
    version: 1,
    events: {
      node: { schema, key: (e) => e.id, persist },
      gone: { schema: z.object({ id: z.string() }), key: (e) => e.id, tombstone: () => true },
      gate: { schema, key: (e) => e.id, critical: true },
      alarm: { schema: z.object({ text: z.string() }), critical: true },
      line: { schema: z.object({ text: z.string() }), persist },
    },
    commands: { note: { schema: z.object({ text: z.string() }) } },
  });

/** One event of each kind; `node`, `gone` and `gate` share their keys. */
export const topicProtocol = protocolOf(false);
/** The same, of which nodes and lines are kept on the device. */
export const keptProtocol = protocolOf(true);

export const node = (id: string, state: string): Typed => ({ type: 'node', id, state });
export const gone = (id: string): Typed => ({ type: 'gone', id });
export const gate = (id: string, state: string): Typed => ({ type: 'gate', id, state });
export const alarm = (text: string): Typed => ({ type: 'alarm', text });
export const line = (text: string): Typed => ({ type: 'line', text });

export const TOPIC = 'run:1';
/** The server's clock, which no test moves: offsets give the time. */
export const tsOf = (offset: number) => 1_000_000 + offset;

/** One item of a snapshot, without its key: the hub finds it by the protocol. */
export function item(offset: number, event: Typed): SnapshotItem {
  return { offset, ts: tsOf(offset), event };
}

type Request = ClientFrameOf['subscribe'] | ClientFrameOf['resync_request'];

/** A hub, its tabs and one topic, for which the test speaks as the server does. */
export class TopicScene {
  readonly world: HubWorld;
  epoch = 'e1';
  /** The newest offset that was said. */
  offset = 0;

  constructor(
    options: {
      settings?: Partial<HubSettings>;
      disk?: Disk;
      stateDisk?: StateDisk;
      ownershipId?: string;
      now?: number;
      protocol?: AnyProtocol;
    } = {},
  ) {
    this.world = new HubWorld(options.protocol ?? topicProtocol, options);
  }

  /** A tab that subscribes and credits each batch at once. */
  tab(position: Position | null = null, topic = TOPIC): WorldTab {
    const tab = this.world.attach();
    tab.subscribe(topic, position);
    return tab;
  }

  /** So many tabs, on a topic that is live with this state. */
  live(tabs: number, events: SnapshotItem[] = [], offset = events.at(-1)?.offset ?? 0): WorldTab[] {
    const all = Array.from({ length: tabs }, () => this.tab());
    this.world.socket.welcome();
    this.answer({ events, offset });
    return all;
  }

  /** What the hub asked of the server about its topics, in order. */
  get requests(): Request[] {
    return this.world.socket.frames.filter(
      (frame): frame is Request => frame.type === 'subscribe' || frame.type === 'resync_request',
    );
  }

  get request(): Request {
    const request = this.requests.at(-1);
    if (!request) throw new Error('the hub asked for no topic');
    return request;
  }

  /** Answers the newest request with a whole snapshot. */
  answer(fields: Partial<ServerFrameOf['snapshot']> = {}): void {
    const { epoch = this.epoch, offset = this.offset } = fields;
    this.subscribed({ epoch, offset });
    this.snapshot(fields);
  }

  subscribed(fields: Partial<ServerFrameOf['subscribed']> = {}): void {
    const { topic, ref } = this.request;
    const { epoch = this.epoch, offset = this.offset, recovered = false } = fields;
    const at = { topic: fields.topic ?? topic, ref: fields.ref ?? ref };
    this.world.socket.say({ type: 'subscribed', ...at, epoch, offset, recovered });
  }

  snapshot(fields: Partial<ServerFrameOf['snapshot']> = {}): void {
    const { topic, ref } = this.request;
    const { epoch = this.epoch, offset = this.offset } = fields;
    this.epoch = epoch;
    this.offset = offset;
    const at = { topic, ref, epoch, offset, ts: tsOf(offset), part: 0, last: true, events: [] };
    this.world.socket.say({ type: 'snapshot', ...at, ...fields });
  }

  /** The next event, or what `more` says. */
  event(event: Typed, more: Partial<ServerFrameOf['event']> = {}): void {
    this.events([event], more);
  }

  /** Several in one message. */
  events(events: readonly Typed[], more: Partial<ServerFrameOf['event']> = {}): void {
    const frames = events.map((event) => {
      const offset = more.offset ?? ++this.offset;
      return { type: 'event', topic: TOPIC, offset, ts: tsOf(offset), event, ...more };
    });
    this.world.socket.text(JSON.stringify(frames));
  }

  /** Time passes on a connection that lives. */
  wait(ms: number): void {
    for (let left = ms; left > 0; left -= 5_000) {
      this.world.advance(Math.min(left, 5_000));
      this.world.socket.say({ type: 'pong', id: 0 });
    }
  }

  /** The connection is lost and, after at least so long, open again. */
  reconnect(afterMs = 1_000): void {
    this.world.socket.close();
    this.world.advance(afterMs);
    while (this.world.socket.state !== 'connecting') this.world.advance(100);
    this.world.socket.welcome();
  }

  /** Frames that the hub wrote since the socket opened, apart from heartbeats. */
  get written() {
    return this.world.socket.frames.filter(({ type }) => type !== 'ping');
  }
}

/** A tab's state by key, folded from what reached it as a view does. */
export function stateOf(tab: WorldTab, topic = TOPIC): Map<string, Typed> {
  const state = new Map<string, Typed>();
  let seen = 0;
  const apply = (items: readonly TabItem[]) => {
    for (const { key, gone: isGone, event, offset } of items) {
      if (offset <= seen) continue;
      seen = offset;
      if (key === null) continue;
      state.delete(key);
      if (!isGone) state.set(key, event);
    }
  };
  let items: TabItem[] = [];
  for (const update of tab.updates(topic)) {
    if (update.kind === 'events') apply(update.items);
    if (update.kind !== 'snapshot') continue;
    items = [...(update.part === 0 ? [] : items), ...update.events, ...update.missed];
    if (!update.last) continue;
    state.clear();
    seen = 0;
    apply(items.sort((a, b) => a.offset - b.offset));
    seen = update.offset;
  }
  return state;
}

export const offsets = (items: readonly { offset: number }[]) => items.map(({ offset }) => offset);
export const texts = (items: readonly { event: Typed }[]) => items.map(({ event }) => event['text']);
