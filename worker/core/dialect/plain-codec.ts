/** What an application says of its server's messages, for a server that knows nothing of trunkline. */
import type { AnyProtocol, CommandInput, EventType } from '../../../src/protocol/types.ts';
import type { Message } from './dialect.ts';

/** How the messages of a server look that knows nothing of trunkline, and what its ends mean. */
export interface PlainCodec<P extends AnyProtocol = AnyProtocol> {
  /** The WebSocket subprotocol that the server wants to be asked for, such as `graphql-transport-ws`. @default none */
  readonly subprotocol?: string;
  /**
   * Called for each connection as soon as its socket is open: what it returns speaks on that one, and on no other, so that what is
   * counted or remembered of a connection belongs into its closure.
   *
   * @param about.token what the page's `token` function gave for this connection; `null`: nothing
   */
  line(about: { readonly token: string | null }): PlainLine<P>;
  /**
   * What it means that the server closed the socket. Not called where the line was lost (1006).
   *
   * - `retry`: it is tried again, with backoff.
   * - `unauthorized`: a page is asked for another token, and it is tried once more at once; then not before somebody asks
   *   (`reconnect()`, or a page that comes).
   * - `final`: it is not tried again before somebody asks.
   *
   * @default 4401 is `unauthorized`; 4400, 4403 and 4409 are final; all others are tried again
   */
  closed?(code: number, reason: string): PlainEnd | undefined;
}

/** One connection. Its functions are called in the worker, one after the other, and answer at once: a promise is refused. */
export interface PlainLine<P extends AnyProtocol = AnyProtocol> {
  /**
   * What is written first: a login, say. The connection is open for the application when `{ type: 'opened' }` was said, here
   * or by `decode`: until then nothing else is written, and events are not heard. One that was not said within
   * `connectTimeoutMs` (10 s) ends the attempt. @default it is open at once
   */
  open?(): PlainWords<P>;
  /** What the server says in one message: text, or the bytes of a binary one. Nothing: it is of no interest. */
  decode(message: Message): PlainWords<P>;
  /**
   * What is written for a command. It is called again with the same `id` where the command has to be sent again. Where it says
   * nothing, or throws, the command is `rejected` (`codec_failed`).
   */
  encode(command: PlainCommand<P>): PlainWritten;
  /**
   * What is written where a tab is the first to listen to a topic, and in each connection after that. The topic is `syncing`
   * until `subscribed` or `state` was said of it, here or by `decode`; it is asked for again where that takes longer than 10 s.
   *
   * @param since the newest `ts` of its events that this worker has heard; `null`: none, or the server gives no times
   * @default there is one topic, `default`, which nobody has to ask for; any other is refused
   */
  subscribe?(topic: string, since: number | null): PlainWords<P>;
  /** What is written where no tab listens any more. @default nothing */
  unsubscribe?(topic: string): PlainMessages;
  /**
   * What is written to see whether the server lives, where the page asks for that (`heartbeat: true`): anything that is
   * heard within 10 s is a sign of life. @default nothing, and `heartbeat` means nothing
   */
  ping?(): PlainMessages;
}

export type PlainEnd = 'retry' | 'unauthorized' | 'final';

/** A command, as it is to be written. */
export interface PlainCommand<P extends AnyProtocol = AnyProtocol> {
  /** A UUID: the idempotency key. It is the one that `ack` and `nack` name. */
  readonly id: string;
  readonly topic: string | null;
  /** `type` and fields: the schema's input, as it was sent and stored. */
  readonly command: CommandInput<P>;
  readonly priority: 'high' | 'normal';
  /** When the person sent it, milliseconds since 1970. */
  readonly createdAt: number;
  /** Counts from 1: beyond that it may have arrived before. */
  readonly attempt: number;
}

/** What a server says of a topic. @default topic 'default' */
interface OfTopic {
  readonly topic?: string;
}
export interface PlainEventOf<P extends AnyProtocol = AnyProtocol> {
  /** An event of the protocol's, as its schema takes it. What the schema refuses is reported, and skipped. */
  readonly event: { readonly type: EventType<P>; readonly [field: string]: unknown };
  /** When it happened by the server's clock, milliseconds since 1970. @default that of the event before it */
  readonly ts?: number;
}

/** One thing that a server says, or that is written to it. */
export type PlainWord<P extends AnyProtocol = AnyProtocol> =
  /** Is written, as it is. */
  | Message
  /** The connection is open. */
  | { readonly type: 'opened' }
  /** The server sends the topic from here on; what is known of it goes on. */
  | ({ readonly type: 'subscribed' } & OfTopic)
  /** The topic as a whole: it takes the place of all that is known of it. It may come at any time. */
  | ({ readonly type: 'state'; readonly events: readonly PlainEventOf<P>[] } & OfTopic)
  /** What comes before the topic's `subscribed` or `state` is not heard. */
  | ({ readonly type: 'event' } & OfTopic & PlainEventOf<P>)
  /** The topic is refused, or taken away: pages are told so, and it is asked for again in the next connection. @default code 'refused' */
  | ({ readonly type: 'refused'; readonly code?: string; readonly message: string } & OfTopic)
  /** The server does not send the topic any more, and will if it is asked: `subscribe` is called again, with backoff. */
  | ({ readonly type: 'lost' } & OfTopic)
  | PlainAnswer
  /** Answers `ping`, for the round trip. */
  | { readonly type: 'pong' }
  /** The server turns this line away: it is ended, as if the socket had been closed so. */
  | { readonly type: 'goodbye'; readonly as: PlainEnd; readonly message: string }
  /** What is not understood. It is counted, and reported once for each `kind`, of which there should be few: the name of a type, not a whole message. */
  | { readonly type: 'unreadable'; readonly kind: string };
/** How a command ended. Where the page says `acks: false`, none is waited for. */
export type PlainAnswer =
  /** It is done, or will be. */
  | { readonly type: 'ack'; readonly id: string; readonly result?: unknown }
  /** @default code 'rejected'; retry false: it is refused for good; retryAfterMs as the hub's backoff says */
  | {
      readonly type: 'nack';
      readonly id: string;
      readonly code?: string;
      readonly message?: string;
      readonly retry?: boolean;
      readonly retryAfterMs?: number;
    };
export type PlainWords<P extends AnyProtocol = AnyProtocol> =
  | PlainWord<P>
  | readonly PlainWord<P>[]
  | undefined;
export type PlainMessages = Message | readonly Message[] | undefined;
export type PlainWritten = Message | PlainAnswer | readonly (Message | PlainAnswer)[] | undefined;
