/** What the runner asks of a page, and what a page asks of the contender under it. */
import type { BenchEvent, Digest } from './events.ts';

export interface Listeners {
  /** In the order in which they came. The state at first is told like any other event. */
  events(batch: readonly BenchEvent[]): void;
}

/** What is measured, as an application would use it. */
export interface Contender {
  /** Resolves when what is published from now on will arrive. */
  connect(url: string, listeners: Listeners): Promise<void>;
  /** Whether it knows that the server is there. */
  isOpen?(): boolean;
  /** The longest that it may wait before its next attempt, milliseconds. */
  backoffBoundMs?(): number;
  readonly commands?: Commands;
  /** What its hub has of tabs and events, where it can be asked. */
  hub?(): Promise<HubState>;
}
export interface Commands {
  /** Hands them over in one turn; resolves when each is as safe as this contender makes it. */
  queue(count: number, durability: Durability): Promise<void>;
  /** Takes back what was queued and not sent. */
  clear(): Promise<void>;
  /** Until the server has accepted all that was queued. */
  untilSent?(): Promise<void>;
}
export type Durability = 'relaxed' | 'strict';

export interface HubState {
  readonly tabs: number;
  readonly keys: number;
  readonly queued: number;
  /** Whether some of it is kept on the device, or on its way there. */
  readonly isKept: boolean;
}

/** What a page has seen since `begin`. */
export interface Arrivals {
  /** Different ones. */
  readonly received: number;
  readonly duplicates: number;
  /** Those that came after a later one. */
  readonly disordered: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Milliseconds from publishing to the listener. */
  readonly medianMs: number;
  readonly p99Ms: number;
}
export interface Painted {
  readonly framesPerSecond: number;
  readonly longestGapMs: number;
  /** Tasks of the main thread over 50 ms. */
  readonly longTasks: number;
  readonly longestTaskMs: number;
}

export interface Bench {
  connect(url: string): Promise<void>;
  isOpen(): boolean;
  backoffBoundMs(): number | null;
  /** Counts anew, from the event of this number on; earlier ones are not looked at. */
  begin(first: number): void;
  /** Until the event of this number has come. */
  until(n: number, timeoutMs: number): Promise<boolean>;
  /** Until any event that was published at this time or later has come: when the first of them did, or `null`. */
  untilPublishedSince(at: number, timeoutMs: number): Promise<number | null>;
  arrivals(): Arrivals;
  arrivedAt(n: number): number | null;
  /** How many different events up to this one. */
  receivedUpTo(n: number): number;
  state(): Digest;
  /** Connects, and waits until the state has this many keys. Milliseconds. */
  timeToState(url: string, keys: number): Promise<number>;
  startPainting(): void;
  stopPainting(): Painted;
  /** Milliseconds until each is as safe as it gets; `null` where it can't. */
  queue(count: number, durability: Durability): Promise<number | null>;
  clear(): Promise<void>;
  /** @throws Error after the timeout. */
  untilSent(timeoutMs: number): Promise<void>;
  hub(): Promise<HubState>;
}
declare global {
  interface Window {
    bench: Bench;
  }
}
