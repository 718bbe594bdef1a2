/**
 * A topic of a server that knows nothing of trunkline: the hub numbers its events itself, so that its own id is the epoch, and
 * makes the state of what it has heard.
 */
import type {
  ClientFrameOf,
  ServerFrame,
  ServerFrameOf,
  SnapshotItem,
} from '../../../src/protocol/frames/index.ts';
import type { Typed } from '../../../src/protocol/interpret.ts';

/** The one topic of servers that have none. */
export const PLAIN_TOPIC = 'default';

export interface PlainHub {
  readonly ownershipId: string;
  readonly resyncAfterMs: number;
  /** When an earlier hub last heard the server, by the browser's clock; `null`: never. */
  readonly heardAt: number | null;
  /** Whether the hub has a state of the topic, which the server need not send anew. */
  readonly hasState: (topic: string) => boolean;
  /** Whether the topic is asked for as soon as it was read what was kept of it: what comes meanwhile follows that. */
  readonly isReading: (topic: string) => boolean;
  /** What was kept of it on the device. @param next the number of one that has none of this hub */
  readonly kept: (topic: string, next: () => number) => SnapshotItem[];
  /** As if the server had said it. Not while the hub writes: it must not hear of a command before it has done with writing it. */
  readonly received: (frame: ServerFrame) => void;
}

export interface PlainEvent {
  readonly event: Typed;
  /** When it happened, by the server's clock; 0 where it does not say. */
  readonly ts: number;
}

type Request = ClientFrameOf['subscribe' | 'resync_request'];

export class PlainTopic {
  readonly #name: string;
  readonly #hub: PlainHub;
  /** Another one where the server has said all that there is. */
  epoch: string;
  #offset = 0;
  #ts = 0;
  /** What came while it is read what was kept, without a number yet. */
  #early: PlainEvent[] = [];

  constructor(name: string, hub: PlainHub) {
    this.#name = name;
    this.#hub = hub;
    this.epoch = hub.ownershipId;
  }

  /** The server's newest own time; 0 where it gave none. */
  get ts(): number {
    return this.#ts;
  }

  /** Where it stands. @param ref of the request that is answered; 0: the server speaks unasked */
  at(ref: number) {
    return { topic: this.#name, ref, epoch: this.epoch, offset: this.#offset };
  }

  /** It goes on from what is known, or was kept; else it begins with what comes. */
  goesOn({ ref, cursor }: Request): ServerFrame[] {
    const { hasState, kept } = this.#hub;
    const isKnown = hasState(this.#name);
    const recovered = isKnown && cursor?.epoch === this.epoch;
    const events = isKnown ? [] : kept(this.#name, () => ++this.#offset);
    const at = this.at(ref);
    const first = { type: 'snapshot' as const, ...at, ts: this.#ts, part: 0, last: true, events };
    const early = this.takeEarly().map((event) => this.#event(event));
    return [{ type: 'subscribed', ...at, recovered }, ...(recovered ? [] : [first]), ...early];
  }

  hears(event: PlainEvent): ServerFrame[] {
    if (!this.#hub.isReading(this.#name)) return [this.#event(event)];
    this.#early.push(event);
    return [];
  }

  takeEarly(): PlainEvent[] {
    return this.#early.splice(0);
  }

  item({ event, ts }: PlainEvent): SnapshotItem {
    this.#ts = Math.max(this.#ts, ts);
    return { offset: ++this.#offset, ts: this.#ts, event };
  }

  #event(event: PlainEvent): ServerFrameOf['event'] {
    return { type: 'event', topic: this.#name, ...this.item(event) };
  }
}

/** The line is open. */
export function plainWelcome(session: string): ServerFrame {
  return {
    type: 'welcome',
    session,
    principal: '',
    server_time: 0,
    // It says nothing of what it remembers: what is unanswered is sent again.
    dedupe_since: Number.NEGATIVE_INFINITY,
  };
}

/** Of a server that has one topic, which nobody has to ask for. */
export function plainRefused({ topic, ref }: Request): ServerFrame {
  const message = `the plain dialect has one topic, "${PLAIN_TOPIC}"`;
  return { type: 'error', code: 'unknown_topic', message, topic, ref, ended: true };
}
