import type { BenchEvent, Digest } from '../shared/events.ts';

export type ServerKind = 'trunkline' | 'websocket' | 'socket.io';

/** Where it keeps what it remembers, if it can. */
export type ServerLog = 'memory' | 'sqlite';

/** Since the process started, but for what is there now. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly connections: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Open right now, and the most that ever were. */
  readonly mostConnections: number;
}
export interface Published {
  readonly first: number;
  readonly last: number;
  readonly startedAt: number;
  readonly endedAt: number;
}
export interface Burst {
  readonly type: BenchEvent['type'];
  readonly count: number;
  /** How many different ones, of readings. */
  readonly keys: number;
  /** @default 0 */
  readonly firstKey?: number;
}
export interface Steady {
  readonly type: BenchEvent['type'];
  readonly perSecond: number;
  readonly seconds: number;
  readonly keys: number;
  /** @default 0 */
  readonly firstKey?: number;
}
/** By the key; at that time, in seconds from the start. */
export type Script = readonly (readonly [key: string, atSeconds: number])[];

/** What the runner asks of a server, in a process of its own. */
export interface BenchServer {
  listen(port: number): Promise<number>;
  /** Of the event that comes next. */
  next(): number;
  burst(burst: Burst): Promise<Published>;
  steady(steady: Steady): Promise<Published>;
  play(script: Script): Promise<Published>;
  usage(): Usage;
  /** Ends all connections, and takes none. */
  cut(): Promise<void>;
  /** Takes connections again, at the same port. When it did. */
  restore(): Promise<number>;
  /** When the newest connection was accepted. */
  acceptedAt(): number;
  /** The numbers of the commands that came, and when the newest did. */
  commands(): { readonly numbers: readonly number[]; readonly lastAt: number };
  forgetCommands(): void;
  state(): Digest;
  /**
   * What a log on the disk is measured by: rows of the size of a command, each in a transaction of its own, beside the
   * server's log and as safe. Milliseconds for all of them.
   */
  insertAlone(count: number): number;
}
