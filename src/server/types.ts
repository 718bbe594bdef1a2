/** What an application gives a server and holds of it: the public types. */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { AnyProtocol, EventInput } from '../protocol/types.ts';
import type { Limits } from './core/limits.ts';
import type { Health, ServerStats } from './core/stats.ts';
import type { Handlers } from './handlers.ts';
import type { EventLog, Principal } from './log/event-log.ts';

/** What is known of a person beside their name, such as the claims of a token. */
export type Claims = Readonly<Record<string, unknown>>;

/** Who holds a token, with what else is known. */
export interface Authenticated {
  readonly principal: Principal;
  /** Given to `authorize` for what this connection asks. @default {} */
  readonly claims?: Claims;
  /**
   * When the connection ends, milliseconds since 1970 by the server's clock: with `unauthorized`, so that the client asks for a
   * new token and comes back at once. @default never
   */
  readonly expiresAt?: number;
}

export interface ServerOptions<P extends AnyProtocol> {
  /** One handler for each command. */
  readonly commands: Handlers<P>;
  /** What the server remembers. `sqliteLog` of `trunkline/server/sqlite` survives a restart. @default memoryLog() */
  readonly log?: EventLog;
  /**
   * Who holds this token (of the client's `hello`); `null` for nobody. The request is the WebSocket's, for cookies.
   * A throw ends the connection with `overloaded`: the client tries again. The signal is aborted where nobody waits for
   * the answer any more: the socket is closed, the server is closing, or `limits.authenticateMs` has passed.
   * @default everybody is `'anonymous'`
   */
  readonly authenticate?: (
    token: string | undefined,
    request: IncomingMessage,
    signal: AbortSignal,
  ) => Principal | Authenticated | null | Promise<Principal | Authenticated | null>;
  /**
   * Whether a principal may read a topic (subscribe and acknowledge) or write to it (send commands with that topic).
   * Commands without a topic are not asked about: their handlers can `Reject`. The claims are those that `authenticate` gave
   * for this connection. @default everything is allowed
   */
  readonly authorize?: (
    principal: Principal,
    topic: string,
    action: 'read' | 'write',
    claims: Claims,
  ) => boolean | Promise<boolean>;
  /**
   * Pages of which origins may connect: origins such as `https://app.example`; `'self'` for the host that the request
   * itself names; `'none'` for requests without an `Origin`, which do not come from a browser; `'*'` for any origin.
   * @default ['self']
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Versions of the application that are served: others may not connect (`unsupported`), and commands that were written
   * for others are refused for good (`unsupported_version`). @default all of them
   */
  readonly acceptsVersions?: (appVersion: number) => boolean;
  readonly limits?: Partial<Limits>;
  /**
   * Offers clients to compress what is said on the socket (permessage-deflate), each message of 1 KiB and more by itself. It costs time
   * for each message and client, since nothing is encoded once for many, and memory for each connection: see
   * `docs/gateway.md#compression`. @default false
   */
  readonly perMessageDeflate?: boolean;
  /**
   * What has nowhere else to go: handlers that threw, a log that failed, and once for each origin and reason a handshake
   * that was refused, with what can be changed about it. Where it throws or rejects itself, nothing else
   * is held up by that; the first time is told on stderr. @default console.error
   */
  readonly onError?: (error: unknown, about: string) => void;
}

export interface Server<P extends AnyProtocol> {
  /**
   * Takes the WebSocket requests of an http server: those for `path`, or all where there is none. Requests for other
   * paths are left to the other listeners, and refused with 404 where there are none. Plain requests are answered only where
   * nobody else listens to them, instead of hanging: 426 at `path`, else 404. Can be called for several.
   */
  attach(server: HttpServer, options?: { readonly path?: string }): void;
  /**
   * Resolves when the log is open, so that it can be read: before that a client waits for its welcome. Rejects with the
   * log's error, which `onError` is told as well; called again, it tries again.
   */
  ready(): Promise<void>;
  /**
   * Publishes an event; resolves when it is in the log, and on its way to the subscribers.
   * Rejects with a TypeError where it breaks its schema, and with the log's error where it may not have been written.
   */
  publish(topic: string, event: EventInput<P>): Promise<{ epoch: string; offset: number }>;
  /**
   * Ends the connections of a principal with `unauthorized`; nothing that they have sent is started any more. That counts
   * for those, too, whose token is being looked at: `authenticate` was asked before, and may answer what was so then. Here that
   * holds at once; on a log of several servers it holds on all of them once it resolves, on each as soon as it hears of it. It
   * rejects with the log's error, which `onError` is told as well: who does not wait for it need not.
   */
  disconnect(principal: Principal): Promise<void>;
  /**
   * The rights of a principal have changed: `authorize` is asked anew about each topic that its connections read. Until it has
   * answered, nothing more of the topic is given. What may still be read goes on without a gap; else the subscription ends, as
   * if it had been refused. Where it cannot be decided (`authorize` throws, or takes longer than `limits.authenticateMs`), the
   * connection ends with `overloaded`, and what it reads is judged when it comes back. As to other servers of the log, and who
   * waits, as `disconnect`.
   */
  recheck(principal: Principal): Promise<void>;
  /**
   * The topic ends: its events and its state are forgotten, also critical events that nobody has acknowledged. Resolves when that is
   * in the log, so that it holds on every server of it; rejects with the log's error, where it may have ended or not. Who
   * listens is given the empty state, as is who comes later. What is published to it after that is offset 1 of a new epoch. So
   * end a topic when nothing publishes to it any more: what was under way may come after its end.
   */
  endTopic(topic: string): Promise<void>;
  /**
   * Takes no more connections, starts no more commands, answers those in progress for up to `drainMs` (default 10,000),
   * says goodbye (`draining`), and closes the log. What is being written then is waited for up to `drainMs`, or 2 s where that is
   * less: a log that is away does not hold up the end, and what waits for it rejects. The http server is left open. `health()` is `draining` from the call on. With
   * `spreadMs` (default 0) each client is told another time within it at which it should come back, so that those of a large
   * deploy do not all come at once.
   */
  close(options?: { readonly drainMs?: number; readonly spreadMs?: number }): Promise<void>;
  /** For a balancer's readiness check: send clients to it while this is `ready`. Where the log could not be opened, this tries again. */
  health(): Health;
  stats(): ServerStats;
}

/** Who everybody is where there is no `authenticate`. */
export const ANONYMOUS: Principal = 'anonymous';
