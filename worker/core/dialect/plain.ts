import type { ClientFrame, Parsed, ServerFrame } from '../../../src/protocol/frames/index.ts';
import { interpretEvent, type Typed } from '../../../src/protocol/interpret.ts';
import type { AnyProtocol } from '../../../src/protocol/types.ts';
import type { Dialect, Encoded } from './dialect.ts';

/** The one topic of the plain dialect. */
export const PLAIN_TOPIC = 'default';
const RESERVED_FIELDS = ['id', 'priority', 'timestamp'];
const RESERVED_EVENTS = ['ack', 'nack', 'pong'];

/**
 * For servers that just send and take typed JSON objects: no subprotocol, no handshake. The hub numbers the events
 * itself, so that its own id is the epoch.
 */
export class PlainDialect implements Dialect {
  readonly name = 'plain';
  readonly subprotocol = null;
  readonly heartbeat: boolean;
  readonly confirms: 'ack' | 'written';
  readonly #protocol: AnyProtocol;
  readonly #epoch: string;
  readonly #resyncAfterMs: number;
  #offset = 0;
  /** The server's newest own timestamp; 0 where it gave none. */
  #lastTs = 0;
  /** When something last arrived, by the browser's clock; `null`: never. */
  #heardAt: number | null;
  #outage = false;

  constructor(
    options: { acks?: boolean; heartbeat?: boolean },
    hub: { protocol: AnyProtocol; hubId: string; resyncAfterMs: number; heardAt: number | null },
  ) {
    this.heartbeat = options.heartbeat ?? false;
    this.confirms = options.acks ? 'ack' : 'written';
    this.#protocol = hub.protocol;
    this.#epoch = hub.hubId;
    this.#resyncAfterMs = hub.resyncAfterMs;
    this.#heardAt = hub.heardAt;
  }

  encode(frame: ClientFrame, now: number): Encoded {
    switch (frame.type) {
      case 'hello':
        this.#outage = this.#heardAt !== null && now - this.#heardAt > this.#resyncAfterMs;
        return answer({
          type: 'welcome',
          session: this.#epoch,
          principal: '',
          server_time: 0,
          dedupe_since: 0,
        });
      case 'subscribe':
      case 'resync_request': {
        const { topic, ref } = frame;
        if (topic !== PLAIN_TOPIC) {
          const message = `the plain dialect has one topic, "${PLAIN_TOPIC}"`;
          return answer({ type: 'error', code: 'unknown_topic', message, topic, ref, ended: true });
        }
        const recovered = frame.cursor?.epoch === this.#epoch;
        const lastSeen = this.#lastTs || ('last_seen' in frame ? frame.last_seen : null) || null;
        const text = this.#outage ? JSON.stringify({ type: 'resync_request', last_seen: lastSeen }) : null;
        this.#outage = false;
        const at = { topic, ref, epoch: this.#epoch, offset: this.#offset };
        const subscribed = { type: 'subscribed', ...at, recovered } as const;
        const empty = { type: 'snapshot', ...at, ts: this.#lastTs, part: 0, last: true, events: [] } as const;
        return { text, answers: recovered ? [subscribed] : [subscribed, { ...empty, events: [] }] };
      }
      case 'command': {
        const { id, priority, created_at: timestamp, command } = frame;
        return { text: JSON.stringify({ ...command, id, priority, timestamp }), answers: [] };
      }
      case 'ping':
        return { text: '{"type":"ping"}', answers: [] };
      case 'unsubscribe':
      case 'ack':
        return { text: null, answers: [] };
    }
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
    return [this.#read(message)];
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
    this.#lastTs = Math.max(this.#lastTs, timestampOf(message));
    const interpreted = interpretEvent(this.#protocol, message);
    const state = interpreted.ok && interpreted.key !== null ? { key: interpreted.key } : {};
    return {
      ok: true,
      frame: {
        type: 'event',
        topic: PLAIN_TOPIC,
        offset: ++this.#offset,
        ts: this.#lastTs,
        ...state,
        event: message,
      },
    };
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
