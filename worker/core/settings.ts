/** How a hub behaves. Every number must be finite and not negative; times are milliseconds. */
export interface HubSettings {
  /**
   * From opening a socket to its `welcome`. Not below 6 s in Chromium: it lets each handshake wait, up to 5 s after a dozen
   * that failed, and one that is ended before its turn counts as another failure. @default 10_000
   */
  connectTimeoutMs: number;
  /** Silence, in either direction, after which a ping is sent. A server's `welcome.heartbeat_ms` overrides it. @default 30_000 */
  heartbeatMs: number;
  /** Silence after a ping that means a dead socket. @default 10_000 */
  pongTimeoutMs: number;
  /**
   * The same where somebody needs the line now: the network or a page came back, a tab came, `reconnect()` was called, a
   * command is not answered. While a snapshot arrives, or what was written has not left, it is `pongTimeoutMs`, which is
   * its bound as well. @default 3_000
   */
  probeTimeoutMs: number;
  /** The upper bound of the first wait before a retry; doubled by each failure. @default 1_000 */
  backoffBaseMs: number;
  /** The upper bound of any wait before a retry. @default 30_000 */
  backoffMaxMs: number;
  /** 'full' waits `random(0, min(base·2^attempt, max))`, 'none' exactly that bound. @default 'full' */
  jitter: 'full' | 'none';
  /** Only a connection open for this long resets the count of failures. @default 10_000 */
  stableAfterMs: number;
  /** Failures in a row that open the circuit breaker. @default 10 */
  breakerFailures: number;
  /** From the breaker's opening to the next probe. @default 60_000 */
  breakerCoolDownMs: number;
  /** After a longer silence a topic is resynced with its state, instead of replayed from its cursor. @default 30_000 */
  resyncAfterMs: number;
  /** Pending high-priority commands. @default 50 */
  highLimit: number;
  /** Pending normal commands. @default 200 */
  normalLimit: number;
  /** Normal commands handed to the socket and not yet answered, of 64 KiB together. @default 128 */
  inFlightLimit: number;
  /**
   * Events without a key that wait for one tab in one topic; beyond it the oldest fall off and are counted. A tab that nobody
   * sees is given them at the latest when half of it is used up. @default 1_000
   */
  floodBuffer: number;
  /** Events without a key that a topic keeps for tabs that join. @default 500 */
  tailLimit: number;
  /** How often a topic's cursor is stored at most. @default 500 */
  cursorSaveMs: number;
  /** How often the last known state (`persist`) is written at most. @default 5_000 */
  stateSaveMs: number;
  /**
   * How much of it is kept for an identity, in bytes of its JSON as UTF-8: on the disk it may be more or less. What was known
   * longest ago goes first. @default 67_108_864
   */
  stateBytes: number;
  /**
   * How long a topic, and the socket, stay when nobody needs them; and a shared worker that has no tab and nothing to do,
   * which is at least 3 s. @default 5_000
   */
  lingerMs: number;
  /**
   * Of the hubs of a browser the one that started last is to own, whatever its version: for development, where code
   * changes and the version does not. @default false
   */
  newestOwns: boolean;
}

/** Settings that mean nothing any more: the hub warns of those that are given. */
export interface RetiredSettings {
  /** @deprecated Nothing waits by a rate: the hub hands out what there is, and spends up to half of its time on it. */
  floodEventsPerSecond?: number;
  /** @deprecated A round of batches waits as long as the last one took, and for nothing else. */
  flushMs?: number;
}

export type GivenSettings = Partial<HubSettings> & RetiredSettings;

const DEFAULTS: HubSettings = {
  connectTimeoutMs: 10_000,
  heartbeatMs: 30_000,
  pongTimeoutMs: 10_000,
  probeTimeoutMs: 3_000,
  backoffBaseMs: 1_000,
  backoffMaxMs: 30_000,
  jitter: 'full',
  stableAfterMs: 10_000,
  breakerFailures: 10,
  breakerCoolDownMs: 60_000,
  resyncAfterMs: 30_000,
  highLimit: 50,
  normalLimit: 200,
  inFlightLimit: 128,
  floodBuffer: 1_000,
  tailLimit: 500,
  cursorSaveMs: 500,
  stateSaveMs: 5_000,
  stateBytes: 64 * 1024 * 1024,
  lingerMs: 5_000,
  newestOwns: false,
};

const fitting = (name: string): ((value: unknown) => boolean) => {
  if (name === 'jitter') return (value) => value === 'full' || value === 'none';
  if (name === 'newestOwns') return (value) => typeof value === 'boolean';
  return (value) => Number.isFinite(value) && Number(value) >= 0;
};

const RETIRED: readonly string[] = ['floodEventsPerSecond', 'flushMs'] satisfies (keyof RetiredSettings)[];

/** Those that were given and mean nothing any more. */
export function retiredSettings(settings: HubSettings): string[] {
  return RETIRED.filter((name) => name in settings);
}

/** @throws TypeError for a value that a setting cannot have, or a setting that does not exist. */
export function hubSettings(overrides: GivenSettings = {}): HubSettings {
  for (const [name, value] of Object.entries(overrides)) {
    if (RETIRED.includes(name)) continue;
    if (!Object.hasOwn(DEFAULTS, name)) throw new TypeError(`startHub: there is no setting \`${name}\``);
    const fits = fitting(name)(value);
    if (!fits) throw new TypeError(`startHub: setting \`${name}\` cannot be ${String(value)}`);
  }
  return { ...DEFAULTS, ...overrides };
}
