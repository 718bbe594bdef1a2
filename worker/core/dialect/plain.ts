/**
 * How frames look to servers that just send and take typed JSON objects: no subprotocol, no handshake. The hub numbers
 * the events itself, so that its own id is the epoch.
 */
import type {
  ClientFrame,
  ClientFrameOf,
  Parsed,
  ServerFrame,
  SnapshotItem,
} from '../../../src/protocol/frames/index.ts';
import type { Typed } from '../../../src/protocol/interpret.ts';
import type { AnyProtocol } from '../../../src/protocol/types.ts';
import type { Dialect, Encoded } from './dialect.ts';

/** The one topic of the plain dialect. */
export const PLAIN_TOPIC = 'default';
const RESERVED_FIELDS = ['id', 'priority', 'timestamp'];
const RESERVED_EVENTS = ['ack', 'nack', 'pong'];

export interface PlainOptions {
  acks?: boolean;
  heartbeat?: boolean;
}
export interface PlainHub {
  readonly ownershipId: string;
  readonly resyncAfterMs: number;
  /** When an earlier hub last heard the server, by the browser's clock; `null`: never. */
  readonly heardAt: number | null;
  /** Whether the hub has a state of the topic, which a server of this dialect cannot send anew. */
  readonly hasState: () => boolean;
  /** Whether the topic is asked for as soon as it was read what was kept of it: what comes meanwhile follows that. */
  readonly isReading: () => boolean;
  /** What was kept of it on the device. @param next the number of one that has none of this hub */
  readonly kept: (next: () => number) => SnapshotItem[];
}

export class PlainDialect implements Dialect {
  readonly name = 'plain';
  readonly subprotocol = null;
  /** May change from one connection to the next; the numbers go on. */
  options: PlainOptions = {};
  readonly #hub: PlainHub;
  #offset = 0;
  /** The server's newest own timestamp; 0 where it gave none. */
  #lastTs = 0;
  #heardAt: number | null;
  #outage = false;
  /** What came while it is read what was kept, without a number yet. */
  #early: Typed[] = [];

  constructor(hub: PlainHub) {
    this.#hub = hub;
    this.#heardAt = hub.heardAt;
  }

  get heartbeat(): boolean {
    return this.options.heartbeat ?? false;
  }

  get confirms(): 'ack' | 'written' {
    return this.options.acks ? 'ack' : 'written';
  }

  encode(frame: ClientFrame, now: number): Encoded {
    switch (frame.type) {
      case 'hello':
        // A clock that was set back says nothing: a resync too many does no harm.
        this.#outage = this.#heardAt !== null && Math.abs(now - this.#heardAt) > this.#hub.resyncAfterMs;
        return answer({
          type: 'welcome',
          session: this.#hub.ownershipId,
          principal: '',
          server_time: 0,
          // It says nothing of what it remembers: what is unanswered is sent again.
          dedupe_since: Number.NEGATIVE_INFINITY,
        });
      case 'subscribe':
      case 'resync_request':
        return this.#subscribe(frame);
      case 'command': {
        const { id, priority, created_at: timestamp, command } = frame;
        return { text: JSON.stringify({ ...command, id, priority, timestamp }), answers: [] };
      }
      case 'ping':
        return { text: '{"type":"ping"}', answers: [] };
      // No server of it has the capability.
      case 'withdraw':
      case 'unsubscribe':
      case 'ack':
        return { text: null, answers: [] };
    }
  }

  #subscribe(frame: ClientFrameOf['subscribe' | 'resync_request']): Encoded {
    const { topic, ref } = frame;
    if (topic !== PLAIN_TOPIC) {
      const message = `the plain dialect has one topic, "${PLAIN_TOPIC}"`;
      return answer({ type: 'error', code: 'unknown_topic', message, topic, ref, ended: true });
    }
    const { ownershipId: epoch, hasState, kept } = this.#hub;
    const recovered = frame.cursor?.epoch === epoch && hasState();
    // The server has no other one: it goes on from there.
    const events = hasState() ? [] : kept(() => ++this.#offset);
    const at = { topic, ref, epoch, offset: this.#offset };
    const subscribed: ServerFrame = { type: 'subscribed', ...at, recovered };
    const first: ServerFrame = {
      type: 'snapshot',
      ...at,
      ts: this.#lastTs,
      part: 0,
      last: true,
      events: [...events],
    };
    const early = this.#early.splice(0).map((message) => this.#number(message));
    const answers = [subscribed, ...(recovered ? [] : [first]), ...early];
    return { text: this.#resyncRequest(frame), answers };
  }

  /** Once after an outage. */
  #resyncRequest(frame: ClientFrameOf['subscribe' | 'resync_request']): string | null {
    if (!this.#outage) return null;
    this.#outage = false;
    const lastSeen = this.#lastTs || (frame.type === 'resync_request' ? frame.last_seen : null);
    return JSON.stringify({ type: 'resync_request', last_seen: lastSeen });
  }

  decode(text: string, now: number): Parsed<ServerFrame>[] {
    this.#heardAt = now;
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return [{ ok: false, problem: 'malformed', type: null, message: 'not JSON' }];
    }
    if (!isTyped(message)) {
      return [{ ok: false, problem: 'malformed', type: null, message: 'not an object with a string `type`' }];
    }
    if (!this.#hub.isReading() || RESERVED_EVENTS.includes(message.type)) return [this.#read(message)];
    this.#early.push(message);
    return [];
  }

  #read(message: Typed): Parsed<ServerFrame> {
    const { type, id } = message;
    if (type === 'pong') return { ok: true, frame: { type, id: 0 } };
    if (type === 'ack' || type === 'nack') {
      if (typeof id !== 'string')
        return { ok: false, problem: 'malformed', type, message: 'id: not a string' };
      if (type === 'ack') return { ok: true, frame: { type: 'command_ack', id } };
      const reason = typeof message['message'] === 'string' ? message['message'] : 'the server refused it';
      return {
        ok: true,
        frame: { type: 'command_nack', id, code: 'rejected', message: reason, retry: false },
      };
    }
    return { ok: true, frame: this.#number(message) };
  }

  #number(event: Typed): ServerFrame {
    this.#lastTs = Math.max(this.#lastTs, timestampOf(event));
    return { type: 'event', topic: PLAIN_TOPIC, offset: ++this.#offset, ts: this.#lastTs, event };
  }
}

/** Why a protocol cannot be spoken plainly, or `null`. */
export function plainRefusal(protocol: AnyProtocol): string | null {
  const event = RESERVED_EVENTS.find((type) => Object.hasOwn(protocol.events, type));
  if (event) return `the plain dialect needs the event type "${event}" for itself; rename it`;
  for (const [type, { schema }] of Object.entries<{ schema: object }>(protocol.commands)) {
    const { shape, entries } = schema as { shape?: object; entries?: object };
    const field = RESERVED_FIELDS.find((name) => name in { ...shape, ...entries });
    if (field)
      return `the plain dialect needs the field "${field}" of command "${type}" for itself; rename it`;
  }
  return null;
}

function answer(frame: ServerFrame): Encoded {
  return { text: null, answers: [frame] };
}

function isTyped(value: unknown): value is Typed {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Milliseconds of `timestamp` or `ts`, a number of them or an ISO 8601 date; 0 where there is none. */
function timestampOf({ timestamp, ts }: Typed): number {
  for (const value of [timestamp, ts]) {
    const ms = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN;
    if (Number.isFinite(ms)) return ms;
  }
  return 0;
}
