/**
 * What a tab and its hub say to each other across the worker's port. Types only; both sides import it.
 *
 * The tab calls the methods of `HubPort` (`calls.ts`) by Comlink. The hub calls the tab's one `TabSink`; a call's reply is
 * the credit for the next. No call outlives one store transaction, because a call to a dead peer never settles
 * (https://github.com/GoogleChromeLabs/comlink/issues/601).
 */
import type { Typed } from './interpret.ts';
import type { JsonObject } from './json.ts';
import type { Connection, EntryWith, Outcome, StorageHealth, TopicStatus } from './model.ts';

/** An error's class does not survive a port, so that calls reply with one or the other. */
export type Reply<T> = { ok: true; value: T } | { ok: false; code: ErrorCode; message: string };
export type ErrorCode =
  | 'invalid_command'
  | 'invalid_event'
  | 'events_missing'
  | 'too_large'
  | 'outbox_full'
  | 'duplicate_command'
  | 'storage_unavailable'
  /** The browser has lost the database that was there before, and what only lay in it. */
  | 'storage_lost'
  /** Whether it was done is not known, and it may be done yet: look at the outbox. */
  | 'unconfirmed'
  | 'version_mismatch'
  | 'hub_lost'
  | 'hub_unavailable'
  | 'closed'
  | 'unsupported'
  /** What the server says contradicts what it said before: it has lost something, and does not know. */
  | 'server_inconsistent'
  | 'listener';

export type Dialect = 'trunkline.v1' | { plain: { acks?: boolean; heartbeat?: boolean } };

export interface AttachRequest {
  app: string;
  appVersion: number;
  identity: string;
  /** Absolute, ws: or wss:; `null`: the tab is asked for it at each connect. */
  url: string | null;
  dialect: Dialect;
  /** The name of the Web Lock that this tab holds while it lives; already granted when it is announced. `''`: it can hold none. */
  lease: string;
  visible: boolean;
  /** While it is hidden, too, it is given everything at once. Absent: at most 4 times a second, what can wait so long. */
  live?: true | undefined;
  /** Whether this tab can be asked for a token. */
  hasToken: boolean;
  /** Who finds out why a handshake fails, if anybody: the hub by a request, or the tab by the application's function. */
  diagnose?: 'hub' | 'tab' | undefined;
  /**
   * The number of the newest ending that this tab was told of; 0 where there was none. What ended about then and later it
   * may not have heard of from its former hub. Absent: it had none.
   */
  settledSince?: number | undefined;
  /** Random, of this client object: a sign-out ends the sessions that are there, and they are turned away from then on. */
  session?: string | undefined;
  /** How often the identity had signed out here when this client was told last. Absent: it never was told. */
  signOuts?: number | undefined;
  /**
   * The number of the last sign-out that pages had asked for when this client began: that one and those before it do not end
   * it, however many it was told of. Absent: of an older build.
   */
  begunAfter?: number | undefined;
  /** For whom the server took this client's first hub that was connected. Absent: it has been told of none. */
  principal?: string | undefined;
  /** When this client first asked to be attached, ms since 1970; absent that first time. Counts while `signOuts` is absent. */
  askedAt?: number | undefined;
}
export interface Attached {
  /** The hub's id, also in every batch. */
  hub: string;
  /** The name of the Web Lock that the hub holds while it lives. `''`: it can hold none. */
  lease: string;
  /**
   * What the hub of the page's worker is by now: it owns, relays to the owner in another worker, or can do neither.
   * Absent: hubs of older builds.
   */
  as?: 'owner' | 'relay' | 'unavailable';
}

/** A moment as one hub counts milliseconds: no setting of the clock moves that. */
export interface HubTime {
  hub: string;
  ticks: number;
}

/** When a person asked for something. What a page waits for a hub is part of a command's age, and what its message does. */
export interface WhenAsked {
  /** By the browser's clock as that stands at this offer. Absent: pages of older builds. */
  askedAt?: number | undefined;
  /** As the hub counts that the page heard last; it means nothing to any other. Absent: it has heard none. */
  askedBy?: HubTime | undefined;
}

/** Where a tab stands in a topic: the newest offset that it was given. */
export interface Position {
  epoch: string;
  offset: number;
  /** The server's timestamp of that event, by which the server knows it. Absent: not known, or of an older build. */
  ts?: number | undefined;
}

export interface OutgoingCommand extends WhenAsked {
  /** Minted by the tab, so that the same send can be offered to a new hub without doubling. */
  id: string;
  topic: string | null;
  priority: 'high' | 'normal';
  command: JsonObject & { readonly type: string };
  dedupeKey: string | null;
  /** Those of this key that have not left make way for it. Absent: it replaces none, or is of an older build. */
  replaceKey?: string | undefined;
  requireDurable: boolean;
  /** Of which trace it is, as W3C's Trace Context writes it. Absent: of none, or of an older build. */
  traceparent?: string | undefined;
  /** The server's clock, ms since 1970: past it the command is not begun any more. */
  expiresAt: number | null;
  /**
   * An earlier hub died over it: it may have been sent already, though no longer ago than so many milliseconds, whatever
   * became of the clock meanwhile. `null`: no hub was given it before.
   */
  maybeSentMs: number | null;
  /**
   * When a person asked for it, by the server's clock; `null` where the page is not certain of that. It is the same in each offer, so that a
   * hub which has it from another one gives it the same end, and knows since when it may have been sent.
   */
  serverAskedAt?: number | null | undefined;
}

/** `token: null`: there is none. `url`: where the tab's `url` is a function. `failed`: a function threw, for now. */
export type AddressAnswer = { token: string | null; url?: string | undefined } | { failed: string };

export interface TabSink {
  /** Replies at once, before any promise that a listener returned. */
  deliver(batch: Batch): Promise<void>;
}

/** An outbox entry whose commands' types are forgotten. */
export type AnyOutboxEntry = EntryWith<Typed>;

/** The browser's clock and the server's at one moment, ms since 1970. */
export interface ClockReading {
  browser: number;
  server: number;
}

/** Fields that are absent did not change. */
export interface Batch {
  hub: string;
  /** When it was made, by the browser's clock and as the hub counts. Absent: hubs of older builds, and last words. */
  sentAt?: { now: number; ticks: number };
  connection?: Connection;
  /** Absent, too, while nothing is known of the server's clock. */
  clock?: ClockReading;
  /** The same as it was kept on the device, perhaps long ago: for pages that know nothing better. */
  keptClock?: ClockReading;
  /** `database`: the id of what it holds its rows in; absent as long as that is not known. */
  storage?: StorageHealth & { database?: string };
  /** The whole outbox, in the order in which it is sent. */
  outbox?: AnyOutboxEntry[];
  /**
   * What ended; `n` counts endings, and never decreases but with the loss of the store. By both numbers, and the id, a tab
   * knows what it was told before.
   */
  settled?: { id: string; at: number; n?: number | undefined; command: Typed; outcome: Outcome }[];
  /** In the order in which they happened. */
  topics?: TopicUpdate[];
  /** To be answered by `HubPort.token` with this number. */
  tokenRequest?: number;
  /** A handshake failed: to be answered by `HubPort.diagnosed` with this number. */
  diagnose?: number;
  /** For this tab's logger and `onError`. */
  reports?: HubMessage[];
  /** Whose the outbox is. Absent, too, while no server has said it. */
  principal?: string;
  /** How often this identity has signed out here: what the tab says when it attaches again. */
  signOuts?: number;
  /** The last batch of this hub: another one has, or will have, its work. The tab is to attach again. */
  moved?: true;
}
export type HubMessage =
  | { kind: 'log'; level: 'debug' | 'warn'; message: string }
  | { kind: 'error'; code: ErrorCode; message: string };

export type TopicUpdate =
  | { kind: 'status'; topic: string; status: TopicStatus }
  | { kind: 'events'; topic: string; epoch: string; items: TabItem[] }
  | SavedUpdate
  | SnapshotUpdate;

/**
 * The last known state, as it was kept on the device, for a page that has none: it is shown, and moves nothing. What comes
 * from the server begins as if it had not been. Pages of older builds ignore it.
 */
export interface SavedUpdate {
  kind: 'saved';
  topic: string;
  epoch: string;
  /** By offset. */
  events: TabItem[];
  /** More of it follows: it is shown when all is there. */
  hasMore?: true;
  /** Nothing may be shown any more: neither this nor what the server has sent. The page keeps its place. */
  isVoid?: true;
}

/**
 * The topic's state, in parts that are applied as one at `last`; other updates of the topic never come in between.
 * `ticket` names the `subscribe` call that asked for it: only whoever waits for that ticket begins anew. `null`: it
 * came from the server, or after a stall, and everybody begins anew.
 */
export interface SnapshotUpdate {
  kind: 'snapshot';
  topic: string;
  ticket: number | null;
  epoch: string;
  /** The state is as of this offset. */
  offset: number;
  /** The server's timestamp of the event there. Absent: of an older build. */
  ts?: number | undefined;
  /** From 0. With part 0 a snapshot begins, and one before it that had no `last` is void. */
  part: number;
  last: boolean;
  /** The newest event of every key and the newest ones without a key, by offset. */
  events: TabItem[];
  /**
   * What happened while nobody listened, by offset: superseded events as well. Critical events that no page took follow
   * the snapshot as events, out of order.
   */
  missed: TabItem[];
  /** In the last part: ahead of `missed`, or of what comes next, events are missing for good. */
  gap?: true;
}

export interface TabItem {
  offset: number;
  ts: number;
  key: string | null;
  gone: boolean;
  critical: boolean;
  replayed: boolean;
  /** A critical event that comes again, out of order: it is for handlers alone, and moves nothing. */
  repeat?: true;
  /** Ahead of it, events are missing for good. */
  gap?: true;
  /** The schema's output. */
  event: Typed;
}
