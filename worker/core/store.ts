/** What the hub keeps over its own life: the rows, and the transactions in which they change. */

import type { JsonObject } from '../../src/protocol/json.ts';
import type { EntryError, Outcome } from '../../src/protocol/model.ts';

/** One outbox row. Versions of this shape are migrated by the database's own version. */
export interface StoredEntry {
  readonly id: string;
  /** Order of arrival; unique. */
  readonly seq: number;
  readonly topic: string | null;
  readonly priority: 'high' | 'normal';
  readonly command: JsonObject & { readonly type: string };
  /** The application's version that the command is of. */
  readonly appVersion: number;
  readonly dedupeKey: string | null;
  /** Newer ones of this key take its place as long as it has not left. Absent: none do, or it is of an older build. */
  readonly replaceKey?: string | undefined;
  /** Of which trace it is: the same in each frame of it. Absent: of none, or of an older build. */
  readonly traceparent?: string | undefined;
  /** Browser's clock, ms since 1970. */
  readonly createdAt: number;
  /** True before any frame of it is handed to a socket, and from then on. */
  readonly maybeSent: boolean;
  /** Frames handed to a socket so far. */
  readonly attempt: number;
  /** `server_time` of the connection that it was first sent on, so that no two clocks are compared; `null` if unsent. */
  readonly firstSentAt: number | null;
  /** The server's clock: past it the command is not begun any more. Absent: never, or that clock is not known yet. */
  readonly expiresAt?: number | undefined;
  /** When a person asked for it, by the server's clock of that time. Absent: the page was not certain of it. */
  readonly serverAskedAt?: number | undefined;
  /** A person has taken it back: it is not sent any more, and the server is asked how it ended. */
  readonly withdrawing?: boolean | undefined;
  /** Of the last frame; no frame left later than that. Absent where the server did not name its runs. */
  readonly lastSent?: LastSent | undefined;
  /** Of so many attempts the server has said that no handler has begun. It is no word on a later one. */
  readonly noneRan?: number | undefined;
  readonly fate: Fate;
}
/** To which run of the server, and when, by the server's clock as far as the hub knew it. */
export interface LastSent {
  readonly run: string;
  readonly at: number;
  /** The same by the browser's clock, ms since 1970; a frame left, if one did, not before it. Absent: of older builds. */
  readonly markedAt?: number | undefined;
}
/** `pending` entries are still to be delivered; all others stay visible until they are dismissed, up to 200. */
export type Fate =
  | { readonly state: 'pending' }
  | { readonly state: 'uncertain'; readonly at: number }
  | {
      readonly state: 'rejected' | 'expired' | 'dropped' | 'quarantined';
      readonly at: number;
      readonly error: EntryError;
    };

/** How a command ended; the last 50, and all of the last 10 minutes. */
export interface StoredOutcome {
  readonly id: string;
  readonly at: number;
  /** Counts endings, over all hubs. Absent in rows of older builds. */
  readonly n?: number | undefined;
  readonly command: JsonObject & { readonly type: string };
  readonly outcome: Outcome;
}

/** The last event of a topic that some page has credited. */
export interface StoredCursor {
  readonly topic: string;
  readonly epoch: string;
  readonly offset: number;
  /** The server's timestamp of that event. */
  readonly lastSeen: number;
  /** Browser's clock, ms since 1970. */
  readonly savedAt: number;
}

export interface StoredMeta {
  readonly clientId: string;
  /** Raised by each hub that takes over; checked in every write. */
  readonly term: number;
  /** Whose the outbox is: the principal of the first welcome. */
  readonly principal: string | null;
  /** Random, of this database: another one is there where the browser has lost it. Absent where an older build made it. */
  readonly databaseId?: string;
  /** Of what database of an older name the rows are here; absent: of none. */
  readonly movedFrom?: string;
  /** Absent: nobody has signed out here. */
  readonly endedSessions?: EndedSessions;
  /** Commands over which an ownership ended, as their state was impossible: once for each time. Absent: none. */
  readonly suspects?: readonly string[];
}

/** By what a page that comes back is known to have been signed out. */
export interface EndedSessions {
  /** How often this identity has signed out here. */
  readonly signOuts: number;
  /** By which pages know the last of them. Absent where one of them may be of an older build. */
  readonly number?: number;
  /** When it did last, by the browser's clock, ms since 1970. */
  readonly at: number;
  /** Of pages that were there, as far as they may not have learnt that number; the newest last. */
  readonly ids: readonly string[];
  /** A page has come since that none of them ended. Absent: none has, or only under a hub of an older build. */
  readonly isSignedInSince?: true;
}

export type StoreOp =
  | { readonly op: 'put'; readonly table: 'entries'; readonly row: StoredEntry }
  | { readonly op: 'put'; readonly table: 'outcomes'; readonly row: StoredOutcome }
  | { readonly op: 'put'; readonly table: 'cursors'; readonly row: StoredCursor }
  /** `key`: an entry's or outcome's id, a cursor's topic. */
  | { readonly op: 'delete'; readonly table: 'entries' | 'outcomes' | 'cursors'; readonly key: string }
  /** All rows, also those that cannot be read. */
  | { readonly op: 'clear'; readonly table: 'entries' }
  | {
      readonly op: 'set';
      readonly fields: Partial<
        Pick<StoredMeta, 'clientId' | 'principal' | 'databaseId' | 'endedSessions' | 'suspects'>
      >;
    };

/** All of it or nothing. `strict`: on the disk when it is done. */
export interface StoreTransaction {
  readonly ops: readonly StoreOp[];
  readonly durability: 'strict' | 'relaxed';
}

export interface LoadedState {
  readonly meta: StoredMeta;
  readonly entries: readonly StoredEntry[];
  readonly outcomes: readonly StoredOutcome[];
  readonly cursors: readonly StoredCursor[];
  readonly unreadable: readonly UnreadableRow[];
}

/** What a fault of the disk, or another program's hand, has left: it stays where it is, and is not used. */
export interface UnreadableRow {
  readonly table: string;
  readonly key: string;
}

/**
 * Where the rows live. One conformance suite judges every implementation.
 * Every method rejects with a `StoreError`; after `fenced` the store is not written again.
 *
 * A transaction that was begun is seen by the next `open`, or will never be: that one waits for its end.
 */
export interface Store {
  /**
   * Takes the rows over: raises the term and reads everything, in one transaction. Can be called again after a failure:
   * `fenced` then, with nothing changed, where another one has taken over since.
   */
  open(): Promise<LoadedState>;
  /**
   * Resolves when the transaction is complete, and settles always. Rejects, nothing changed, where the stored term is no
   * longer its own. With any failure but `unknown` nothing was written, and nothing of it will be.
   */
  commit(transaction: StoreTransaction): Promise<void>;
  close(): void;
}
export type StoreFailure =
  | 'fenced'
  | 'blocked'
  | 'full'
  | 'newer_format'
  | 'unavailable'
  | 'failed'
  /** The transaction may be written all the same, now or in a moment: only to read the rows anew tells. */
  | 'unknown';
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly failure: StoreFailure;
  constructor(failure: StoreFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
