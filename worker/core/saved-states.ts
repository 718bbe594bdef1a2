/** What the rest of the hub asks of the part that keeps the last known state, which a hub may be without. */
import type { ServerFrameOf, SnapshotItem } from '../../src/protocol/frames/index.ts';
import type { HubReport } from '../../src/protocol/model.ts';
import type { ClockReading, TabItem } from '../../src/protocol/port.ts';
import type { Context } from './context.ts';
import type { Respond } from './reply.ts';
import type { StateAnswer, StateLine, StateOwner } from './state-store.ts';
import type { StoredCursor } from './store.ts';
import type { TopicPlace } from './topics/journal.ts';

/** The last known state of a topic, as it was kept. */
export interface SavedState {
  readonly at: TopicPlace;
  readonly savedAt: number;
  /** By offset. */
  readonly events: readonly TabItem[];
}

/** How a topic goes on, after a short while, from what was kept of it. */
export interface WayBack {
  /** Where the server is to go on from. */
  readonly from: TopicPlace;
  /** The server repeats what follows, up to an offset. */
  begin(epoch: string, offset: number): Repeated;
  /** The next event of the topic. */
  add(frame: ServerFrameOf['event']): Repeated;
}

/** `more`: it is not whole yet. `broken`: it never will be. */
export type Repeated =
  | 'more'
  | 'broken'
  | {
      readonly at: TopicPlace;
      /** The state there, as a server sends it. */
      readonly events: SnapshotItem[];
      readonly missed: SnapshotItem[];
      /** What came meanwhile that the server wants acknowledged. */
      readonly acknowledged: readonly ServerFrameOf['event'][];
    };

/** What the rest of the hub hears of it. */
export interface SavedStatesOwner {
  /** It was looked what is kept of a topic that some tab listens to; `null`: nothing. */
  looked(topic: string, saved: SavedState | null): void;
  /** Whether the server sends no state: a topic has what was kept of it alone. */
  isPlain(): boolean;
  /** `clock` is known. */
  foundClock(): void;
}

/** Of one hub, for an application that keeps events of some type. */
export interface SavedStates {
  readonly report: NonNullable<HubReport['savedState']>;
  /** The server's clock, as far apart from the browser's as it was when something was kept; `null`: that is not known. */
  readonly clock: ClockReading | null;
  /** It is known whose the state is: what another one has left is deleted. */
  begin(owner: StateOwner): void;
  /** The store answers. */
  answered(answer: StateAnswer): void;
  /** Some tab listens. */
  listen(topic: string): void;
  /** When what is known of it was last known to be the server's, by the browser's clock; absent: nothing of it is kept. */
  savedAt(topic: string): number | undefined;
  /** Whether something of it may still be found. */
  isLooking(topic: string): boolean;
  /** What is kept of a topic of which there is no other state, in order. @param next the number of one that has none of this hub */
  kept(topic: string, next: () => number): SnapshotItem[];
  /** Nobody does any more. */
  leave(topic: string): void;
  /**
   * How it goes on from what was kept, once; `null`: it is to be asked for anew. `soon`: that is not read yet. `read`: nor is it, and
   * there is no other state: the store answers always.
   *
   * @param cursor what pages have credited
   */
  wayBack(topic: string, cursor: StoredCursor | null): WayBack | 'soon' | 'read' | null;
  /** The server has sent the state. @param read each event as pages are given it; `null`: it cannot be read */
  replaced(
    topic: string,
    at: TopicPlace,
    events: readonly SnapshotItem[],
    read: readonly (TabItem | null)[],
  ): void;
  /** The next event has come. @param read the same as pages are given it; `null`: it cannot be read */
  happened(topic: string, at: TopicPlace, event: SnapshotItem, read: TabItem | null): void;
  /** What is known of it is all that the server has, or had until some time. */
  confirm(topic: string, at: TopicPlace, knownAt?: number): void;
  /** At once, as a page may be the last one that keeps this worker alive. */
  save(): void;
  /** What is kept of a topic goes. @param reply told when it is gone, or is not known to be */
  forget(topic: string, reply?: Respond<null>): void;
  /**
   * All that is kept goes, and nothing is kept from here on: somebody signs out, somebody else sits here, or the disk is full.
   *
   * @param done called when it is gone, or is not known to be, which is reported: after a few seconds at most
   */
  end(done?: () => void): void;
}

/** What keeps the last known state on the device. Hubs of applications that keep nothing are without it, and so are their files. */
export interface SavedStateSupport {
  /** Of one hub. */
  createStates(context: Context, owner: SavedStatesOwner): SavedStates;
  /** Takes nothing over before it is asked to. */
  createLine(
    options: { readonly app: string; readonly identity: string },
    answered: (answer: StateAnswer) => void,
  ): StateLine;
}
