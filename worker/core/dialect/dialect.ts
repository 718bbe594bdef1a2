/**
 * How frames look on the socket. The hub thinks in the frames of `trunkline.v1`; a dialect writes them its own way and
 * answers by itself what its server does not know.
 */
import type { ClientFrame, Parsed, ServerFrame } from '../../../src/protocol/frames/index.ts';

export interface Dialect {
  readonly name: 'trunkline.v1' | 'plain';
  readonly subprotocol: string | null;
  /** Whether silence is broken by pings. */
  readonly heartbeat: boolean;
  /** What ends a command: the server's answer, or that it was handed to a socket which stayed open. */
  readonly confirms: 'ack' | 'written';
  encode(frame: ClientFrame, now: number): Encoded;
  decode(text: string, now: number): Parsed<ServerFrame>[];
}
export interface Encoded {
  /** `null`: nothing to write. */
  readonly text: string | null;
  /** What the server would have answered in `trunkline.v1`. */
  readonly answers: readonly ServerFrame[];
}
