/** What the application is shown of the trunk: its connection, storage, topics and outbox. */
import type { ClosedReason } from './closed-reason.ts';
import type { CommandInput, CommandType, ResultOf } from './types.ts';

/** The trunk as every tab sees it. Times are milliseconds since 1970 by the browser's clock. */
export type Connection =
  | { state: 'connecting'; attempt: number }
  | {
      state: 'open';
      session: string;
      since: number;
      rttMs: number | null;
      /** Somebody needs the line, and it was asked whether it lives: it has not answered yet. */
      suspect: boolean;
      /** What the hub has to do without, and what that costs, while the browser's storage fails: as `StorageHealth` says it. */
      detail?: { message: string };
    }
  | { state: 'closing' }
  | {
      state: 'closed';
      reason: ClosedReason;
      detail?: { closeCode?: number; message?: string; cause?: FailureCause };
      /** Failed attempts in a row. */
      attempt: number;
      /** When the next attempt is due; `null` where none is planned. */
      retryAt: number | null;
      circuit: Circuit;
    };
/**
 * Why a handshake failed, as far as `diagnose` can tell. A plain request is no handshake: it is a hint for people.
 *
 * - `no_route`: nothing answers at that address.
 * - `forbidden`: 401 or 403.
 * - `redirect`: to another address, as to a login page, of the site or of the network.
 * - `unavailable`: 429, 502, 503 or 504. A `Retry-After` is waited for, up to 5 minutes.
 * - `not_websocket`: a server answers as if there were none (2xx or 404).
 * - `unknown`: none of these, or the browser hides it: another origin, a policy.
 */
export type FailureCause =
  | 'no_route'
  | 'forbidden'
  | 'redirect'
  | 'unavailable'
  | 'not_websocket'
  | 'unknown';
/** What `diagnose` found. */
export interface Diagnosis {
  cause: FailureCause;
  /** How long to wait at least before the next try, in ms. */
  retryAfterMs?: number | undefined;
}
export type Circuit = 'closed' | 'open' | 'half-open';

/** Whether rows reach the browser's storage at this moment. */
export type StorageHealth = { state: 'ok' } | { state: 'degraded'; reason: string };

/** The browser's storage, as far as the outbox needs it. */
export type StorageState = StorageHealth & {
  /**
   * Whether the browser keeps this origin's data though space is short: `client.persist()` asks for that. `null`: it has not
   * said so yet, or cannot.
   */
  persistent: boolean | null;
  /**
   * The browser has lost the database that was there before (eviction, corruption), and with it what only lay there.
   * `waiting`: so many commands did when a page of this identity saw it last, which may be a while ago. `null`: no such thing
   * has happened in the life of this client.
   */
  lost: { waiting: number } | null;
};

/** What `client.now()` goes by. */
export interface ServerTime {
  /** Ms since 1970. */
  now: number;
  /**
   * `server`: a server was heard that says its time. `device`: none was yet, and this is the machine's clock with the difference
   * that was kept on the device (`persist`), which may be old. `browser`: the machine's clock alone.
   */
  source: 'server' | 'device' | 'browser';
}

export type TopicStatus =
  | { state: 'idle' }
  | { state: 'syncing' }
  /** Nothing was ever known of it in this browser, or is kept, and there is no line. */
  | { state: 'unavailable' }
  | {
      /** `stale`: there is no connection, the state is the last one known. */
      state: 'live' | 'stale';
      epoch: string;
      offset: number;
      /** The server's timestamp of the newest event. */
      lastSeen: number;
      /** Events without a key that this tab lost to flooding. */
      dropped: number;
      /**
       * How often, since this tab listens, events were lost that nobody can count: the server did not have all that was
       * missed any more, or sent no more than its state; they were too large; or this tab came back from further behind than
       * the hub is known to reach.
       * The state is as it should be.
       */
      gaps: number;
      /**
       * Of a `stale` topic that is kept on the device (`persist`): when this was last known to be the server's newest state, by the
       * browser's clock. It is the "as of" to show.
       */
      savedAt?: number;
    }
  | { state: 'refused'; code: string; message: string };

/** About one delivered event. */
export interface Meta {
  topic: string;
  offset: number;
  /** The server's clock, milliseconds since 1970. */
  ts: number;
  key: string | null;
  critical: boolean;
  /** It is part of a snapshot, of what was missed, or a repeat. */
  replayed: boolean;
  /** Ahead of this one, events are missing for good: see `TopicStatus.gaps`. */
  gap?: true;
}

/** How a command ended. */
export type Outcome<R = unknown> =
  /** Durably accepted by the server, once. */
  | { status: 'accepted'; duplicate: boolean; result: R }
  /** Plain dialect without acks: handed to a socket that stayed open. Weaker than accepted. */
  | { status: 'written' }
  /** The server refused it for good. */
  | { status: 'rejected'; code: string; message: string }
  /**
   * `uncertain`: it may have run, and nobody can tell. The others never ran; `dropped`: it made room for a newer one, or
   * another of its `dedupe` key was taken while the storage failed; `replaced`: a newer one of its `replaces` key was sent.
   */
  | { status: 'uncertain' | 'expired' | 'dropped' | 'cancelled' | 'replaced' }
  /** It has ended or left the outbox, and nobody knows any more how: look at what the server shows. */
  | { status: 'forgotten' };

interface EntryBase {
  id: string;
  topic: string | null;
  priority: 'high' | 'normal';
  createdAt: number;
  /** How often it was handed to a socket. */
  attempt: number;
  dedupeKey: string | null;
  /** The version of the application's protocol that `command` is of: an entry that was made by an older page is upgraded. */
  appVersion: number;
}
export interface EntryError {
  code: string;
  message: string;
}
/** One command in the outbox, as it was given (the schema's input, as JSON), since that is what is stored. */
export type OutboxEntry<P> = EntryWith<CommandInput<P>>;
export type EntryWith<Command> =
  /** `withdrawing`: it was cancelled and may have run; the server is asked, or will be, and it is not sent again. */
  | (EntryBase & { state: 'queued' | 'sent' | 'withdrawing' | 'uncertain'; command: Command })
  | (EntryBase & { state: 'waiting'; retryAt: number; command: Command; error: EntryError })
  | (EntryBase & { state: 'rejected' | 'expired' | 'dropped'; command: Command; error: EntryError })
  | (EntryBase & {
      state: 'quarantined';
      command: { type: string; [field: string]: unknown };
      error: EntryError;
    });

/** A command that ended. */
export type Settled<P> = {
  [T in CommandType<P>]: {
    id: string;
    /** When it ended, by the browser's clock, ms since 1970. */
    at: number;
    command: CommandInput<P, T>;
    outcome: Outcome<ResultOf<P, T>>;
  };
}[CommandType<P>];

/** What `inspect()` tells: the hub as it is at this moment. */
export interface HubReport {
  hub: string;
  app: string;
  appVersion: number;
  identity: string;
  /**
   * Of the hub in this tab's worker. `candidate`: it opens the store. `relay`: it works through the owner in another
   * worker, of which everything else in the report tells.
   */
  role: { state: 'candidate' } | { state: 'owner'; term: number } | { state: 'relay'; owner: string };
  /** Where the newest attempt to connect leads, as scheme, host and port; `null`: there was none yet. Never more of a URL. */
  origin: string | null;
  connection: Connection;
  sockets: {
    opened: number;
    live: number;
    attemptsInLastMinute: number;
    /** More than 5 attempts within 60 s. */
    storm: boolean;
  };
  storage: StorageHealth;
  /** Stored rows that a fault of the disk, or another program's hand, has left: they stay, and are not used. */
  unreadableRows: number;
  /**
   * The last known state, as it lies on the device (`persist`); `null` where no event type is kept. `unknown`: whose it is; `failed`:
   * its store fails, and is tried again within a minute; `ending`, `over`: another hub keeps it, or it had to go. Sizes are about
   * bytes of JSON; `unreadableRows` are not used.
   */
  savedState: {
    state: 'unknown' | 'opening' | 'ready' | 'failed' | 'ending' | 'over';
    topics: {
      topic: string;
      epoch: string;
      offset: number;
      lastSeen: number;
      savedAt: number;
      size: number;
    }[];
    unreadableRows: number;
  } | null;
  outbox: { high: number; normal: number; inFlight: number; entries: number };
  tabs: { tab: number; visible: boolean; credit: 'ready' | 'out' | 'stalled'; topics: string[] }[];
  topics: {
    name: string;
    status: TopicStatus;
    tabs: number;
    keys: number;
    tail: number;
    /** Events that wait for some tab. */
    queued: number;
    unacknowledged: number;
  }[];
  rates: { eventsPerSecond: number };
  counts: HubCounts;
}
/** Since the hub started. */
export interface HubCounts {
  messagesIn: number;
  messagesOut: number;
  charactersIn: number;
  charactersOut: number;
  events: number;
  batches: number;
  malformedFrames: number;
  unknownFrames: number;
  oversizedMessages: number;
  unknownEvents: number;
  invalidEvents: number;
  repeats: number;
  holes: number;
  resyncs: number;
  dropped: number;
  /** How often events of some topic were lost that nobody can count. */
  gaps: number;
  lateCallbacks: number;
}
