/** What the runner asks of clients without a browser, in a process of their own. */
export interface BenchClients {
  /**
   * So many more, each on a socket of its own; resolves when what is published from now on will reach all of them. One in ten
   * reads it, and tells when it came; the others count it.
   */
  connect(count: number): Promise<void>;
  /** Counts anew, from the event of this number on. */
  begin(first: number): void;
  /** Until each client has had so many since `begin`: whether that was in time. */
  until(count: number, timeoutMs: number): Promise<boolean>;
  /** Since `begin`, of all clients together. */
  deliveries(): Deliveries;
  /** So many from each client, of which so many at a time wait for their answers. Milliseconds until the last answer. */
  send(each: number, atATime: number): Promise<number>;
  /** Pings the server from the first client, one ping after the other, for so long. How long each answer took. */
  ping(ms: number): Promise<readonly number[]>;
}
export interface Deliveries {
  readonly received: number;
  readonly duplicates: number;
  readonly disordered: number;
  /** Milliseconds from publishing to the client. */
  readonly medianMs: number;
  readonly p99Ms: number;
}
