/** Where the last known state of topics is kept, over the hub's own life. It is a cache: what is lost of it, the server has. */
import type { SnapshotItem } from '../../src/protocol/frames/index.ts';
import type { StoreFailure } from './store.ts';

/** Whose the rows are, as the outbox's store says: those of anybody else are deleted. */
export interface StateOwner {
  readonly principal: string | null;
  /** How often the identity has signed out: what was kept before the last time is not there any more. */
  readonly signOuts: number;
  /** Of the outbox's database. `null`: not known. */
  readonly databaseId: string | null;
  /** For which they are opened, whose ever they are. Absent: of an older build, or not known; then nobody is refused by it. */
  readonly ownership?: Ownership;
}

/** One time of owning the outbox. Terms are compared of one client alone: a database that was lost counts anew, for another one. */
export interface Ownership {
  readonly clientId: string;
  readonly term: number;
}

/** Whether rows of the one are those of the other. */
export function isSameOwner(one: StateOwner, other: StateOwner): boolean {
  return (
    one.principal === other.principal &&
    one.signOuts === other.signOuts &&
    one.databaseId === other.databaseId
  );
}

/** Whether what was opened for `found` is not to be taken over for `own`. */
export function isLater(found: Ownership | undefined, own: Ownership | undefined): boolean {
  return found !== undefined && found.clientId === own?.clientId && found.term > own.term;
}

/** What is kept of a topic, as of one place in it. */
export interface SavedHead {
  readonly topic: string;
  readonly epoch: string;
  /** The rows are what the server had at this offset. */
  readonly offset: number;
  /** The server's timestamp of the event there. */
  readonly lastSeen: number;
  /** When that was known last, by the browser's clock, ms since 1970. */
  readonly savedAt: number;
  /** Of its rows. */
  readonly size: number;
  /** By how much the server's clock was ahead of the browser's; absent: that was not known. */
  readonly clockAheadMs?: number;
  /** Nothing of the state is left out but older events without a key. */
  readonly isAll?: boolean;
}

/** A key, or the offset of an event without one. */
export type Slot = string | number;

export interface SavedRow {
  readonly topic: string;
  readonly slot: Slot;
  /** As it came from the server: the schema's input. */
  readonly item: SnapshotItem;
  /** About how much it is, in bytes of its JSON as UTF-8; of older builds, in characters. */
  readonly size: number;
}

export type StateOp =
  /** `isWhole`: no other rows of the topic stay. */
  | {
      readonly op: 'save';
      readonly head: SavedHead;
      readonly isWhole: boolean;
      readonly put: readonly SavedRow[];
      readonly gone: readonly Slot[];
    }
  | { readonly op: 'forget'; readonly topic: string }
  /** All topics. */
  | { readonly op: 'clear' };

/** `unreadable`: so many rows a fault of the disk, or another program's hand, has left; they are not among those. */
export interface SavedTopics {
  readonly heads: readonly SavedHead[];
  readonly unreadable: number;
}
/** Of one topic, at one moment. `head: null`: nothing is kept of it. */
export interface SavedRows {
  readonly head: SavedHead | null;
  readonly rows: readonly SavedRow[];
  readonly unreadable: number;
}

/**
 * The rows of one app and identity, apart from the outbox, whose transactions never wait for these. One conformance suite
 * judges every implementation. Every method settles, and rejects with a `StoreError`. What is asked for is done in that order,
 * also where it is asked for before the store is open.
 */
export interface StateStore {
  /**
   * Takes the rows over, in one transaction: nobody who opened them before can write any more, and those of another owner are
   * deleted. Can be called again. Rejects with `fenced`, nothing changed, where a later ownership has them.
   */
  open(owner: StateOwner): Promise<SavedTopics>;
  /** Rejects with `fenced` where another one has taken over. */
  load(topic: string): Promise<SavedRows>;
  /** All of it or nothing; what is asked for later sees it. Rejects with `fenced`, nothing changed, where another one has taken over. */
  commit(op: StateOp): Promise<void>;
  close(): void;
}

/** What is asked of the store, in order. `open`: perhaps anew. */
export type StateAsk =
  | { readonly ask: 'open'; readonly owner: StateOwner }
  | { readonly ask: 'load'; readonly topic: string }
  | { readonly ask: 'commit'; readonly write: number; readonly op: StateOp };

/** What it answers. What was asked before it is opened anew is not answered after. */
export type StateAnswer =
  | { readonly answer: 'opened'; readonly saved: SavedTopics }
  | { readonly answer: 'loaded'; readonly topic: string; readonly saved: SavedRows }
  | { readonly answer: 'committed'; readonly write: number }
  /** Instead of any of these three. `write`: of a commit. */
  | {
      readonly answer: 'failed';
      readonly failure: StoreFailure;
      readonly message: string;
      readonly write?: number;
    };

/** The way to the store of one identity. */
export interface StateLine {
  ask(ask: StateAsk): void;
  close(): void;
}
