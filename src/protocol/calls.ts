/**
 * Which calls a page has to its hub, each spelled here once. From this table follow the methods of the port, the same call
 * as data (which hubs keep, and relay to each other), what a hub checks of it, and when it may answer.
 *
 * Page, worker and owner may be of different builds. So a call keeps its name, and its arguments their names, meanings and
 * order; new arguments are optional and come last.
 */
import type { Diagnosis, HubReport, Outcome } from './model.ts';
import type {
  AddressAnswer,
  AnyOutboxEntry,
  Attached,
  AttachRequest,
  OutgoingCommand,
  Position,
  Reply,
  TabSink,
  WhenAsked,
} from './port.ts';

/** What an argument of this name is, in whatever call. */
export interface Arguments extends WhenAsked {
  topic: string;
  /** Comes back in the snapshot that this call asks for. */
  ticket: number;
  /** Where the page stands in the topic. */
  position: Position | null;
  epoch: string;
  /** Offsets of critical events which all handlers of this page took (at least one). */
  taken: readonly number[];
  /** Offsets of critical events on which a handler failed. */
  failed: readonly number[];
  /**
   * The timestamp of each of `taken`, as its `TabItem` has it: the offset may be another event's by the time that the hub
   * hears of it. Absent: pages of older builds.
   */
  ts?: readonly number[] | undefined;
  command: OutgoingCommand;
  /** The id of a command. */
  id: string;
  /**
   * As what the page shows the command: what has ended otherwise since is neither sent again nor put away for somebody who did
   * not see that. Absent: the page does not show it, or is of an older build.
   */
  seen?: string | undefined;
  /** Throw away what waits in the outbox. */
  discard: boolean;
  /** The number by which pages know this sign-out. Absent: pages of older builds. */
  number?: number | undefined;
  /** What only a page hears: the network is back, the page was shown or hidden. */
  signal: 'online' | 'visible' | 'hidden';
  /** The number in a batch's `tokenRequest`. */
  request: number;
  answer: AddressAnswer;
  /** The number in a batch's `diagnose`. */
  outage: number;
  diagnosis: Diagnosis;
}

/** What each call is answered where it succeeds. */
export interface Answers {
  subscribe: null;
  unsubscribe: null;
  took: null;
  /** `durable: false` where the store fails. */
  send: { durable: boolean };
  /** True: it never runs. False: it has ended otherwise, or it may have run and is `withdrawing`. */
  cancel: boolean;
  retry: { durable: boolean };
  dismiss: null;
  /** `null`: it is still pending, or may be; this page is told how it ends, however long it stalls. */
  settled: Outcome | null;
  reconnect: null;
  /** What waited in the outbox. */
  signOut: AnyOutboxEntry[];
  inspect: HubReport;
  forget: null;
  signal: null;
  token: null;
  diagnosed: null;
}
export type Method = keyof Answers;

/** How a hub deals with a call. */
export interface Call {
  /** Its arguments, in their order. */
  readonly takes: readonly (keyof Arguments)[];
  /**
   * - `tell`: the page says it unasked, and says it anew to the next hub.
   * - `ask`: the application awaits the answer.
   * - `change`: the same, and it changes the outbox: once somebody signs out, it is not begun any more.
   */
  readonly kind: 'tell' | 'ask' | 'change';
  /** It is answered also before the hub knows what the store holds. @default false */
  readonly atOnce?: boolean;
}

export const CALLS = {
  /**
   * Counts this page as a subscriber, and asks for a snapshot that carries `ticket`. With a position of the topic's epoch,
   * `missed` of that snapshot is what the hub still has beyond it. A page may ask as often as it needs a snapshot.
   */
  subscribe: { takes: ['topic', 'ticket', 'position'], kind: 'tell' },
  unsubscribe: { takes: ['topic'], kind: 'tell' },
  /** What became of critical events. */
  took: { takes: ['topic', 'epoch', 'taken', 'failed', 'ts'], kind: 'tell' },
  /** Answered when the command is stored, accepted or refused. */
  send: { takes: ['command'], kind: 'change' },
  cancel: { takes: ['id'], kind: 'change' },
  retry: { takes: ['id', 'askedAt', 'askedBy', 'seen'], kind: 'change' },
  dismiss: { takes: ['id', 'seen'], kind: 'change' },
  /** How a command ended. */
  settled: { takes: ['id'], kind: 'ask' },
  reconnect: { takes: [], kind: 'tell', atOnce: true },
  /** What a page asks of this hub later is refused, with nothing done; what was asked earlier is answered first. */
  signOut: { takes: ['discard', 'number'], kind: 'ask' },
  inspect: { takes: [], kind: 'ask', atOnce: true },
  /** Deletes what is kept of the topic on the device. */
  forget: { takes: ['topic'], kind: 'ask' },
  signal: { takes: ['signal'], kind: 'tell', atOnce: true },
  /** Answers a batch's `tokenRequest`. */
  token: { takes: ['request', 'answer'], kind: 'tell', atOnce: true },
  /** Answers a batch's `diagnose`. */
  diagnosed: { takes: ['outage', 'diagnosis'], kind: 'tell', atOnce: true },
} as const satisfies Readonly<Record<Method, Call>>;

type Takes<M extends Method> = (typeof CALLS)[M]['takes'];

/** A call as data, such as `{ method: 'cancel', id }`. */
export type CallOf<M extends Method> = { [K in M]: { method: K } & Pick<Arguments, Takes<K>[number]> }[M];
export type PortCall = CallOf<Method>;

/** Their types, in order: `[string, number?]`. */
type InOrder<Names> = Names extends readonly [infer Name extends keyof Arguments, ...infer Rest]
  ? [...(undefined extends Arguments[Name] ? [Arguments[Name]?] : [Arguments[Name]]), ...InOrder<Rest>]
  : [];

/** Each call as a method. */
export type CallMethods = {
  [M in Method]: (...values: InOrder<Takes<M>>) => Promise<Reply<Answers[M]>>;
};

/** What a page finds at the other end of its port, by Comlink. */
export interface HubPort extends Omit<CallMethods, 'send'> {
  /** Once for each life of the page: at start, after the back/forward cache, after a restart of the hub. */
  attach(request: AttachRequest, sink: TabSink): Promise<Reply<Attached>>;
  /**
   * Nothing is delivered to this page from here on, until it attaches again. Calls are still answered, this one too: a
   * page on its way into the back/forward cache closes its port after it, because one message would evict it.
   */
  detach(): Promise<Reply<null>>;
  /** Replies at once, with `hub_lost` to a page that is not attached: a worker that does not is stuck, or stopped. */
  ping(): Promise<Reply<null>>;
  /** Several at once, since each message is a task of the worker. Replies when each is answered. */
  send(commands: readonly OutgoingCommand[]): Promise<Reply<Answers['send']>[]>;
}
