/** What the server allows, and how long it waits. */
import { LEAST_FRAME_BYTES } from '../../protocol/frames/index.ts';

export interface Limits {
  /** From the open socket to `welcome`, milliseconds. @default 10_000 */
  readonly handshakeMs: number;
  /**
   * How long `authenticate` may take, milliseconds; beyond it its signal is aborted, and the connection ends
   * (`overloaded`). `handshakeMs` counts, too. So long `authorize` may take as well about who may read.
   * @default 10_000
   */
  readonly authenticateMs: number;
  /**
   * Sockets that are not welcomed yet. One more, and the longest silent one of the address that has most of them is
   * turned away (`overloaded`). @default 1_000
   */
  readonly handshakes: number;
  /** What a socket may send before its `welcome`; beyond it the connection ends (`bad_frame`). @default 65_536 */
  readonly handshakeBytes: number;
  /**
   * How often clients ping, milliseconds; a client that is silent for 2.5 times as long is cut off. Where it is `null`,
   * clients follow their own setting, and 30_000 is assumed. @default null
   */
  readonly heartbeatMs: number | null;
  /** Connections of one principal; not counted without `authenticate`, where everybody is the same. @default 100 */
  readonly connectionsPerPrincipal: number;
  /**
   * Welcomed connections from one address; one more is turned away (`overloaded`). Behind a proxy all of them have the
   * proxy's address: let the proxy count, and set this to `Infinity`. @default 10_000
   */
  readonly connectionsPerAddress: number;
  /** Topics of one connection. @default 1_000 */
  readonly subscriptionsPerConnection: number;
  /** Of one connection, in bursts of up to twice as many; beyond it the connection ends (`overloaded`). @default 5_000 */
  readonly framesPerSecond: number;
  /**
   * Of one connection, in bursts of up to twice as many; beyond it the connection ends (`overloaded`). Messages count as
   * they arrive, whole or not. @default 16_777_216
   */
  readonly bytesPerSecond: number;
  /**
   * Requests for topics (`resync_request` and `subscribe`) of one connection, in bursts of up to as many, or to
   * `subscriptionsPerConnection`; beyond it a request is answered by the error `rate_limited`. @default 600
   */
  readonly resyncsPerMinute: number;
  /** Commands of one connection that wait or run; beyond it they are refused for now. @default 1_000 */
  readonly commandsPerConnection: number;
  /**
   * Commands of one principal that wait or run, over all connections, also those that have ended; beyond it they are
   * refused for now. As JSON, each of them at least 1_024. Without `authenticate` everybody is one principal.
   * @default 16_777_216
   */
  readonly commandBytesPerPrincipal: number;
  /** How long a handler may take, milliseconds; beyond it, it has failed. @default 60_000 */
  readonly commandMs: number;
  /** The largest message that a client may send, told in `welcome`; 1_024 at least. @default 1_048_576 */
  readonly maxFrameBytes: number;
  /** The largest event, and the largest result of a command, as JSON. @default 1_048_576 */
  readonly maxEventBytes: number;
  /** The newest events without a key that belong to a topic's state. @default 500 */
  readonly tailLimit: number;
  /** The events in a snapshot's `missed`, the newest ones. @default 10_000 */
  readonly missedLimit: number;
  /** What may wait for a client that does not read; beyond it the connection ends (`overloaded`). @default 16_777_216 */
  readonly bufferedBytes: number;
}

const DEFAULTS: Limits = {
  handshakeMs: 10_000,
  authenticateMs: 10_000,
  handshakes: 1_000,
  handshakeBytes: 65_536,
  heartbeatMs: null,
  connectionsPerPrincipal: 100,
  connectionsPerAddress: 10_000,
  subscriptionsPerConnection: 1_000,
  framesPerSecond: 5_000,
  bytesPerSecond: 16_777_216,
  resyncsPerMinute: 600,
  commandsPerConnection: 1_000,
  commandBytesPerPrincipal: 16_777_216,
  commandMs: 60_000,
  maxFrameBytes: 1_048_576,
  maxEventBytes: 1_048_576,
  tailLimit: 500,
  missedLimit: 10_000,
  bufferedBytes: 16_777_216,
};

/** What a timer holds; with more it goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** A client that is silent for so many heartbeats is cut off. */
export const SILENCE_FACTOR = 2.5;

/** The largest values, where one is not simply without a bound. */
const LARGEST: Partial<Record<keyof Limits, number>> = {
  handshakeMs: LONGEST_TIMER_MS,
  authenticateMs: LONGEST_TIMER_MS,
  commandMs: LONGEST_TIMER_MS,
  heartbeatMs: Math.floor(LONGEST_TIMER_MS / SILENCE_FACTOR),
  // `ws` counts in 32 bits.
  maxFrameBytes: 2 ** 31 - 1,
  tailLimit: Number.MAX_SAFE_INTEGER,
  missedLimit: Number.MAX_SAFE_INTEGER,
};
/** The smallest values, where one is more than 0. */
const SMALLEST: Partial<Record<keyof Limits, number>> = {
  // Clients take a `welcome` with less for a mistake, and for none.
  maxFrameBytes: LEAST_FRAME_BYTES,
};
const MAY_BE_ZERO: readonly string[] = ['tailLimit', 'missedLimit'];
const WHOLE: readonly string[] = ['maxFrameBytes', 'tailLimit', 'missedLimit'];

/** @throws RangeError for a limit that is not a positive number, or larger than can be kept to. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULTS, ...given };
  for (const name of Object.keys(DEFAULTS) as (keyof Limits)[]) {
    const value: unknown = limits[name];
    if (name === 'heartbeatMs' && value === null) continue;
    const complain = (wanted: string) =>
      new RangeError(`createServer: limits.${name} must be ${wanted}, not ${value}`);
    if (typeof value !== 'number' || !(value > 0 || (value === 0 && MAY_BE_ZERO.includes(name)))) {
      throw complain('a positive number');
    }
    const smallest = SMALLEST[name] ?? 0;
    if (value < smallest) throw complain(`at least ${smallest}`);
    const largest = LARGEST[name] ?? Number.POSITIVE_INFINITY;
    if (value > largest) throw complain(`at most ${largest}`);
    if (WHOLE.includes(name) && !Number.isInteger(value)) throw complain('a whole number');
  }
  return limits;
}
