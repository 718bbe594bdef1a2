/** How frames look to servers that just send and take typed JSON objects: no subprotocol, no handshake, one topic. */
import { isNumber, isTyped } from '../../../src/protocol/frames/common.ts';
import { type ClientFrame, malformed } from '../../../src/protocol/frames/index.ts';
import type { Typed } from '../../../src/protocol/interpret.ts';
import type { AnyProtocol } from '../../../src/protocol/types.ts';
import { BINARY, type Message, type PlainlySpoken, type PlainOptions, type Said, said } from './dialect.ts';
import type { PlainSupport } from './plain-support.ts';
import { PLAIN_TOPIC, type PlainHub, PlainTopic, plainRefused, plainWelcome } from './plain-topic.ts';

const RESERVED_FIELDS = ['id', 'priority', 'timestamp'];
const RESERVED_EVENTS = ['ack', 'nack', 'pong'];

/** What hubs speak plainly where the application says nothing else. */
export const plainObjects: PlainSupport = { refusal, createDialect: (hub) => new PlainDialect(hub) };

class PlainDialect implements PlainlySpoken {
  readonly name = 'plain';
  readonly subprotocol = null;
  readonly takesToken = false;
  options: PlainOptions = {};
  readonly #hub: PlainHub;
  readonly #topic: PlainTopic;
  #heardAt: number | null;
  #outage = false;

  constructor(hub: PlainHub) {
    this.#hub = hub;
    this.#topic = new PlainTopic(PLAIN_TOPIC, hub);
    this.#heardAt = hub.heardAt;
  }

  get heartbeat(): boolean {
    return this.options.heartbeat ?? false;
  }

  get confirms(): 'ack' | 'written' {
    return this.options.acks ? 'ack' : 'written';
  }

  encode(frame: ClientFrame, now: number): Said[] {
    switch (frame.type) {
      case 'hello':
        // A clock that was set back says nothing: a resync too many does no harm.
        this.#outage = this.#heardAt !== null && Math.abs(now - this.#heardAt) > this.#hub.resyncAfterMs;
        return [said(plainWelcome(this.#hub.ownershipId))];
      case 'subscribe':
      case 'resync_request': {
        if (frame.topic !== PLAIN_TOPIC) return [said(plainRefused(frame))];
        const lastSeen = this.#topic.ts || (frame.type === 'resync_request' ? frame.last_seen : null);
        const answers = this.#topic.goesOn(frame).map(said);
        return [...this.#resyncRequest(lastSeen), ...answers];
      }
      case 'command': {
        const { id, priority, created_at: timestamp, command } = frame;
        return [JSON.stringify({ ...command, id, priority, timestamp })];
      }
      case 'ping':
        return ['{"type":"ping"}'];
      // Such a server knows nothing of all others.
      default:
        return [];
    }
  }

  /** Once after an outage. */
  #resyncRequest(lastSeen: number | null): string[] {
    if (!this.#outage) return [];
    this.#outage = false;
    return [JSON.stringify({ type: 'resync_request', last_seen: lastSeen })];
  }

  decode(text: Message, now: number): Said[] {
    this.#heardAt = now;
    if (typeof text !== 'string') return [BINARY];
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return [malformed(null, 'not JSON')];
    }
    if (!isTyped(message)) return [malformed(null, 'not an object with a string `type`')];
    const { type, id } = message;
    if (!RESERVED_EVENTS.includes(type))
      return this.#topic.hears({ event: message, ts: timestampOf(message) }).map(said);
    if (type === 'pong') return [said({ type, id: 0 })];
    if (typeof id !== 'string') return [malformed(type, 'id: not a string')];
    if (type === 'ack') return [said({ type: 'command_ack', id })];
    const reason = typeof message['message'] === 'string' ? message['message'] : 'the server refused it';
    return [said({ type: 'command_nack', id, code: 'rejected', message: reason, retry: false })];
  }
}

function refusal(protocol: AnyProtocol): string | null {
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

/** Milliseconds of `timestamp` or `ts`, a number of them or an ISO 8601 date; 0 where there is none. */
function timestampOf({ timestamp, ts }: Typed): number {
  for (const value of [timestamp, ts]) {
    const ms = typeof value === 'string' ? Date.parse(value) : value;
    if (isNumber(ms)) return ms;
  }
  return 0;
}
