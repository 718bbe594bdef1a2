/** What an application gives and sees of a client: the public types. */
/// <reference lib="esnext.disposable" preserve="true" />
import type {
  Connection,
  Diagnosis,
  HubReport,
  Meta,
  OutboxEntry,
  Outcome,
  ServerTime,
  Settled,
  StorageState,
  TopicStatus,
} from '../protocol/model.ts';
import type { Dialect } from '../protocol/port.ts';
import type { CommandType, EventOf, EventType, PayloadOf, ResultOf } from '../protocol/types.ts';
import type { TrunklineError } from './errors.ts';

declare global {
  /** TypeScript's DOM library does not have it yet (https://github.com/whatwg/html/pull/11600). */
  interface WorkerOptions {
    /** The SharedWorker outlives its last page for a while (Chromium 148 and later; others ignore it). */
    extendedLifetime?: boolean;
  }
}

/** A value that changes: the contract of Svelte's and nanostores' stores. */
export interface Readable<T> {
  /** The same reference until it changes. */
  get(): T;
  /** Calls the listener at once, then on each change. The returned function ends it, and may be called again. */
  subscribe(listener: (value: T) => void): () => void;
}

/** `console` is one. */
export interface Logger {
  debug(message: string): unknown;
  warn(message: string, error?: unknown): unknown;
}

export interface CreateClientOptions {
  /**
   * ws:, wss:, http:, https: or relative to the page; resolved when the hub starts. `createClient` throws a TypeError where no browser
   * opens it: no URL, another scheme, or ws: on a page of https: (but for localhost). A function is asked at every connect, as
   * `token` is, for servers that want a short-lived ticket there: what it gives is stored nowhere, and only its origin is shown.
   * Where tabs differ, the newest one counts.
   */
  url: string | URL | (() => string | URL | Promise<string | URL>);
  /**
   * Starts the hub, so that bundlers see the literal:
   * `() => new SharedWorker(new URL('./hub.ts', import.meta.url), { type: 'module', name: 'trunkline', extendedLifetime: true })`.
   * Called again when the hub was lost.
   */
  worker: () => SharedWorker | Worker;
  /** Whose connection and outbox it is; 'anonymous' must be written out. */
  identity: string;
  /**
   * Asked for at every connect by way of a live tab, which has 5 s to answer. Never stored. `null`: there is none, and the
   * server says whether that is enough. To throw means "not now": it is asked again with backoff, and `connection` tells the
   * error's message, so throw unless the person has to sign in.
   */
  token?: () => string | null | Promise<string | null>;
  /**
   * Finds out why a handshake fails, once in each outage, for `connection`'s `detail.cause`: a browser does not say. `true`:
   * the hub asks the same address by `fetch` (for up to 5 s, with the cookies that a handshake carries), unless `url` is a
   * function. A function is run in a tab, and gives what it found; one that throws has found nothing. Nothing is paused by it.
   * @default nobody
   */
  diagnose?: true | (() => Diagnosis | Promise<Diagnosis>);
  /**
   * Asks the browser to let your service worker deliver what waits once no page is open: it has to call `deliverInBackground` of
   * `trunkline/service-worker`. In Chromium, by Background Sync; in other browsers nothing changes. @default false
   */
  background?: boolean;
  /**
   * What a page is given while it is hidden. `paced`: what can wait comes at most 4 times a second; critical events, and how
   * its own commands end, at once. `live`: all at once, as while it is visible. @default 'paced'
   */
  hidden?: 'paced' | 'live';
  /** @default 'trunkline.v1' */
  dialect?: Dialect;
  /**
   * The hub's own lines come to one visible tab, marked as the hub's. `debug` tells each change of the hub's role, storage
   * and connection, and what this page is attached to; no token and no payload.
   *
   * @default 'warn': why there is no connection, once for each reason, and what else somebody may have to change
   */
  log?: 'silent' | 'warn' | 'debug' | Logger;
  /** Gets what has no other place to go: a schema broken, a listener that threw, storage lost. @default the log */
  onError?: (error: TrunklineError) => void;
}

export interface SendOptions {
  /** What it is about; the commands of one topic run in order. */
  topic?: string;
  /** @default the command's own */
  priority?: 'high' | 'normal';
  /** Refuse with `storage_unavailable` rather than hold it in memory alone. @default false */
  requireDurable?: boolean;
  /**
   * When it is worth nothing any more, ms since 1970 by the server's clock: a time that the server named, or
   * `client.now()` and so long from there. It counts beside the command's `ttlMs`, the earlier one first; a retry is free of it.
   * @default none
   */
  expiresAt?: number;
  /**
   * The trace that it is of, and the span in which it was sent, as W3C's Trace Context writes them (`00-…`). It stays with the
   * command, and the server's handler has it. A server passes over what is no traceparent; one of the plain dialect is told none.
   * @default none
   */
  traceparent?: string;
}
/** The payload may be left out where it has no required field. */
export type SendArguments<Payload> =
  // biome-ignore lint/complexity/noBannedTypes: `{}` is what every payload without a required field takes
  {} extends Payload ? [payload?: Payload, options?: SendOptions] : [payload: Payload, options?: SendOptions];

/** That the hub has the command. */
export interface Receipt<R = unknown> {
  id: string;
  /** It is stored, or the server has it already. `false`: it lives in the hub's memory alone. */
  durable: boolean;
  /**
   * How it ended. Never rejects; pending for as long as the command is, and for good where this client was closed or
   * signed out before: look with `outbox.settled(id)` then. Where no hub knows any more, it is `forgotten`.
   */
  outcome: Promise<Outcome<R>>;
}

/** One tab's side of the connection that all tabs of the identity share. */
export interface Client<P> extends AsyncDisposable {
  readonly connection: Readable<Connection>;
  readonly outbox: Outbox<P>;
  /** The same object for the same name. Can be narrowed to the types that the topic carries: `topic<'run_added'>('runs')`. */
  topic<T extends EventType<P> = EventType<P>>(name: string): Topic<P, T>;
  /**
   * Resolves when the command is stored, or accepted by the server.
   *
   * @throws TrunklineError `invalid_command`, `too_large` (over 1 MiB of JSON), `outbox_full`, `duplicate_command`,
   * `storage_unavailable`, `unsupported`, `closed`: it is not stored. `hub_unavailable`: no hub could be started, it is
   * not stored. `version_mismatch`: a page of another build has the line, and this one cannot work through it; it is not
   * stored. `hub_lost`: the hub died and none could be started since, or the client was closed before it answered;
   * it may be stored. `unconfirmed`: whether it is stored was not known within 10 s, or somebody signed out
   * meanwhile; it may be, or may be yet: look at the outbox.
   */
  send<T extends CommandType<P>>(
    type: T,
    ...args: SendArguments<PayloadOf<P, T>>
  ): Promise<Receipt<ResultOf<P, T>>>;
  /**
   * The server's clock, ms since 1970, as far as it is known: within half a round trip, once a server that says its time was
   * heard. Until then the browser's, with the difference that was kept on the device, if any (`clock()` says which). Setting the computer's clock does not move it, and it can jump when it becomes known
   * better. After the machine slept it may be behind until the server is heard again.
   */
  now(): number;
  /** `now()`, and what it goes by: offline it may be old. */
  clock(): ServerTime;
  /**
   * Try now: skips the wait, half-opens the breaker, asks for a token again after `unauthorized`.
   *
   * @throws TrunklineError `closed`, `unsupported`
   */
  reconnect(): void;
  /**
   * Ends the connection for every tab of this identity; their clients are dead from then on: `closed`, `signed_out`.
   * A tab that is frozen, or in the back/forward cache, is signed out when it comes back. What was sent before, also in
   * this turn, is taken; what is sent after is refused. Returns what is in the outbox, or was, with `discard`, which
   * empties it. Where the browser's storage fails, `onError` hears what that means.
   *
   * @throws TrunklineError `closed`: it is signed out, by another tab, or by this call, whose answer was lost.
   * `storage_unavailable`: with `discard`, the outbox could not be emptied; `hub_unavailable`: no hub could be started;
   * nobody was signed out. `unconfirmed`, `hub_lost`: it may be done, or may be done yet: without `discard` then, unless a hub
   * has begun it already, so that nothing is thrown away of which nobody hears.
   */
  signOut(options?: { discard?: boolean }): Promise<OutboxEntry<P>[]>;
  /**
   * Asks the browser to keep what this origin stores, also when space is short; `outbox.storage` says whether it does. Call it
   * after something that a person did, and do not await it before anything that matters: the browser may ask the person, and
   * never answer. Resolves with whether it is kept.
   */
  persist(): Promise<boolean>;
  inspect(): Promise<HubReport>;
  /** Ends this tab's client and all that it holds; the other tabs go on. Unanswered calls are rejected. */
  close(): Promise<void>;
}

export interface Outbox<P> extends Readable<readonly OutboxEntry<P>[]> {
  readonly storage: Readable<StorageState>;
  /** The command of this type and key that is still to be delivered. */
  pending<T extends CommandType<P>>(type: T, dedupeKey: string): Readable<OutboxEntry<P> | undefined>;
  /** Hears how any tab's command ended. */
  onSettled(listener: (settled: Settled<P>) => void, options?: { signal?: AbortSignal }): () => void;
  /**
   * How a command ended, with its `result` as the server gave it; `null` while it is pending. The last 50 are known, for at
   * least 10 minutes, across reloads; of others, and of ids that never were in the outbox, it is `forgotten`.
   */
  settled(id: string): Promise<Outcome | null>;
  /**
   * Takes it back. True: it never runs. False: it has ended otherwise (`settled` tells how), or it may have run and is
   * `withdrawing`: the server is asked, now or when there is a line, and it is not sent again; its outcome tells.
   *
   * @throws TrunklineError `hub_lost` where the hub died before it answered, `unconfirmed` where none did within 10 s: look
   * at the outbox.
   */
  cancel(id: string): Promise<boolean>;
  /**
   * Sends an entry again that was uncertain, rejected, expired, dropped or quarantined; one that is `waiting`, now.
   *
   * @throws TrunklineError `invalid_command` where it is pending, or has ended otherwise than `outbox` shows yet, which a
   * person has to look at first: it may have run; `hub_lost` where the hub died before it answered, `unconfirmed` where none
   * did within 10 s: look at the outbox.
   */
  retry(id: string): Promise<Receipt>;
  /**
   * Removes an entry that is not pending.
   *
   * @throws TrunklineError `invalid_command` where it is pending, or has ended otherwise than `outbox` shows yet;
   * `storage_unavailable`: it is still there; `unconfirmed`: look at the outbox.
   */
  dismiss(id: string): Promise<void>;
}

/** An event as a topic gives it. */
export interface Delivered<P, T extends EventType<P> = EventType<P>> {
  event: EventOf<P, T>;
  meta: Meta;
  /** Its key exists no longer. */
  gone: boolean;
  /** The lifetime of the topic's history in which its offset counts. */
  epoch: string;
}

export interface TopicSubscriber<P, T extends EventType<P> = EventType<P>> {
  /**
   * At first, and whenever the state must be taken anew. `events`: the newest event of every key and the newest without
   * a key; `missed`: what happened while nobody listened, superseded events as well. Both by offset; they overlap.
   */
  snapshot?(events: readonly Delivered<P, T>[], missed: readonly Delivered<P, T>[]): void;
  /** What came since, by offset, and critical events that come again. With a promise, critical ones count as taken when it fulfils. */
  events?(batch: readonly Delivered<P, T>[]): unknown;
}

export interface ListenOptions {
  signal?: AbortSignal;
  /**
   * - `none`: live events alone. Critical events from before it came are left to other handlers.
   * - `missed`: also what the topic missed after the listener came.
   * - `state`: also the current state, at first.
   *
   * @default 'missed'
   */
  replay?: 'none' | 'missed' | 'state';
}

export interface Topic<P, T extends EventType<P> = EventType<P>> {
  readonly name: string;
  readonly status: Readable<TopicStatus>;
  /**
   * Calls the listener for each event of these types. It sees an offset at most once, except for a critical event that it
   * failed on (threw, or rejected), which comes again.
   */
  on<const K extends T>(
    type: K | readonly K[],
    listener: (event: EventOf<P, K>, meta: Meta) => unknown,
    options?: ListenOptions,
  ): () => void;
  /** State and events as they come, in batches. With `events` it counts as a handler of critical ones. */
  subscribe(subscriber: TopicSubscriber<P, T>, options?: { signal?: AbortSignal }): () => void;
  /**
   * Folds the topic's state and then its events into one value, at most one change a frame. It begins again from
   * `initial` at each snapshot, and lives from its first listener to 5 s after its last; `get()` then keeps the last value.
   */
  view<S>(initial: S, reduce: (state: S, event: EventOf<P, T>, meta: Meta) => NoInfer<S>): Readable<S>;
  /**
   * The newest event of each key, where it is of one of these types. `at` changes with that key alone. Events of a type without
   * `key` are in none: fold them by `view`.
   */
  latest<const K extends T>(type: K | readonly K[]): Latest<EventOf<P, K>>;
  /**
   * Deletes what is kept of the topic on this device (`persist`). What pages show stays; it is kept again once nobody in this
   * browser has listened to it for 5 s, and somebody does again.
   *
   * @throws TrunklineError `storage_unavailable`: it may still be there. `hub_lost`, `hub_unavailable`, `closed`.
   */
  forget(): Promise<void>;
}
export interface Latest<E> extends Readable<ReadonlyMap<string, E>> {
  at(key: string): Readable<E | undefined>;
}
