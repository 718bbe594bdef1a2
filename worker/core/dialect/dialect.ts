/**
 * How frames look on the socket. The hub thinks in the frames of `trunkline.v1`; a dialect writes them its own way and
 * answers by itself what its server does not know.
 */
import {
  type ClientFrame,
  malformed,
  type Parsed,
  type ServerFrame,
} from '../../../src/protocol/frames/index.ts';
import type { End } from '../../../src/protocol/goodbye-codes.ts';

/** One message on the socket: text, or bytes. */
export type Message = string | Uint8Array<ArrayBuffer>;
/** What comes of a frame or a message, in order: what is written, and what the server says, or would have answered in `trunkline.v1`. */
export type Said = Message | Parsed<ServerFrame>;

export interface Dialect {
  readonly name: 'trunkline.v1' | 'plain';
  readonly subprotocol: string | null;
  /** Whether a connection begins with a token of the page's. */
  readonly takesToken: boolean;
  /** Whether silence is broken by pings. */
  readonly heartbeat: boolean;
  /** What ends a command: the server's answer, or that it was handed to a socket which stayed open. */
  readonly confirms: 'ack' | 'written';
  encode(frame: ClientFrame, now: number): readonly Said[];
  decode(message: Message, now: number): readonly Said[];
  /** What the end of the socket means; nothing where the dialect does not know that code. */
  closed?(code: number, reason: string): End | undefined;
}

/** What pages may ask of the plain dialect; it may change from one connection to the next. */
export interface PlainOptions {
  acks?: boolean;
  heartbeat?: boolean;
}
/** A dialect of servers that know nothing of trunkline. */
export interface PlainlySpoken extends Dialect {
  options: PlainOptions;
}

/** What is made of bytes where they mean nothing. */
export const BINARY = malformed(null, 'a binary message');

export function said<F>(frame: F): { ok: true; frame: F } {
  return { ok: true, frame };
}
