/**
 * Where a server keeps what it promised to remember: the topics' events, the commands that it accepted, who owns which
 * client id, and which critical events a client has not acknowledged. Small enough to be put on a log service that you
 * already run; `test/conformance/event-log.ts` says what every implementation must do.
 *
 * Times are milliseconds since 1970 by the server's clock, passed in.
 */
export interface EventLog {
  /**
   * Called by each server that takes the log into use, before anything else, and again where it has rejected. Answers the
   * newest time that is in the log: one that was told, or at which something was recorded. The server's time goes on from
   * there, whatever its clock says. And a name for this run of a server, which the log keeps and never gives again. From
   * here on `hear` is called.
   */
  open(options: OpenOptions): Promise<Opened>;

  /**
   * The run is at work at this time: durably recorded once it resolves. No less than any before it. A log with a clock of its own
   * goes by that, or by this time where it is later: clients may have been told it.
   */
  tell(run: string, time: number): Promise<void>;

  /**
   * The runs that it knows, in the order of their beginnings. What a client sent to another run, or to one of these after
   * the last time that is known of it, was sent to a log that is lost since: this one was restored from a backup.
   */
  runs(): Promise<readonly Run[]>;

  /**
   * Appends, durably once it resolves. Each transaction is all or nothing; they are applied in order. One whose command
   * has ended before changes nothing, and is answered with how it ended; nor does one that expects what is not so. Where the promise rejects, any of them may have
   * been committed or not; `recall` can tell of those with a command, from then on.
   */
  commit(transactions: readonly Transaction[], now: number): Promise<readonly Committed[]>;

  /** A topic that nobody has published to exists as well: at offset 0. */
  read(topic: string, from: From, take: Take): Promise<History>;

  /** The newest event of each key that is not gone, and the newest `tailLimit` without a key. */
  state(topic: string): Promise<TopicState>;

  /** The newest event of the key; `null` where there is none, or the key is gone. */
  latest(topic: string, key: string): Promise<LoggedEvent | null>;

  /**
   * This log was restored from a backup: it has lost events, and commands. Every topic begins a new epoch, with its events and
   * offsets as they are, and `dedupeSince` moves to `now`, if that is later. No server calls it, since no client can prove what
   * is lost: a log that notices it by itself does so within `open`; else a person says it.
   */
  renew(now: number): Promise<void>;

  /** What is known of a command; `null` where that is nothing. */
  recall(command: CommandKey): Promise<CommandRecord | null>;

  /**
   * Their handlers are about to be called: records so, durably once it resolves, for those that have not ended. Answers for
   * each how it stands then: `begun`, or how it had ended.
   */
  begin(commands: readonly CommandKey[], now: number): Promise<readonly CommandRecord[]>;

  /** Records the command as cancelled, durably once it resolves, unless it has ended. Answers how it has ended then. */
  cancel(command: CommandKey, now: number): Promise<CommandEnd>;

  /** Every id that was begun or has ended at this time or later is still remembered. */
  dedupeSince(): Promise<number>;

  /** A place in the order of all that changes the log: everything that had happened when this was called is at it or before. */
  position(): Promise<number>;

  /**
   * Clients have connected: from here on what they do counts by way of these connections alone. Durable once it resolves, and
   * counts as a `tell` of the runs. Answers for each how it went.
   */
  admit(admissions: readonly Admission[], now: number): Promise<readonly Admitted[]>;

  /** The server of this run ends the connections of a principal: all others hear of it. */
  disconnect(principal: Principal, run: string): Promise<void>;

  /** The server of this run judges anew what the connections of a principal may read: all others hear of it. */
  recheck(principal: Principal, run: string): Promise<void>;

  /**
   * The topic ends: all of its events are forgotten, and which of them clients owe, durably once it resolves. It goes on as one
   * without events, in an epoch that it never had. One without events stays as it is.
   */
  endTopic(topic: string, now: number): Promise<void>;

  /**
   * Of a topic's critical events of the last 7 days those that the client neither has to acknowledge nor has acknowledged, as
   * far as that is recorded: of `given`, and of all that are beyond what its debts were recorded up to; where they never were,
   * of all from `from` on. By offset.
   */
  unrecorded(
    client: ClientKey,
    topic: string,
    given: readonly number[],
    from: From | null,
  ): Promise<readonly LoggedEvent[]>;

  /**
   * The client must acknowledge these critical events. Changes nothing where it already has, and where the topic is in another
   * epoch. With them all is recorded that it must acknowledge of the topic up to the offset `upTo`, which is remembered for as
   * long as any of that is.
   */
  owe(
    client: ClientKey,
    topic: string,
    epoch: string,
    offsets: readonly number[],
    upTo: number,
    now: number,
  ): Promise<void>;

  /** The critical events that the client has still to acknowledge, by offset. */
  owed(client: ClientKey, topic: string): Promise<readonly LoggedEvent[]>;

  /** Ignored for offsets of another epoch, and for those that the client does not owe. */
  acknowledge(client: ClientKey, topic: string, epoch: string, offsets: readonly number[]): Promise<void>;

  /** Forgets what is older than the promises reach. Called now and then. */
  prune(now: number): Promise<void>;

  /** Calls after this one reject. A log that lives in memory keeps its content, for the next `open`. */
  close(): Promise<void>;
}

/** Who the server takes a client to be: an opaque string, the same for the same person. */
export type Principal = string;

/** One browser profile of one person. */
export interface ClientKey {
  readonly principal: Principal;
  readonly clientId: string;
}

export interface CommandKey {
  readonly principal: Principal;
  readonly id: string;
}

/** A client's connection, when it is to be welcomed. */
export interface Admission {
  readonly client: ClientKey;
  /** Of two connections of a client that of the higher term counts; at equal terms the later one. */
  readonly term: number;
  /** Of the server that it has connected to. */
  readonly run: string;
  /** The `position` when its `hello` came. */
  readonly seen: number;
}

export type Admitted =
  | { readonly status: 'admitted'; readonly time: number; readonly position: number }
  /** Another principal has used this client id first. */
  | { readonly status: 'foreign' }
  /** A connection of a higher term was admitted before. */
  | { readonly status: 'superseded' }
  /** Another server has admitted one of the same term since `seen`: which of them is the later one is not known. */
  | { readonly status: 'overtaken' };

export interface OpenOptions {
  readonly now: number;
  /** Events without a key that are in a topic's state, the newest ones. */
  readonly tailLimit: number;
  /** The largest event that will be committed. A log that cannot hold it rejects. */
  readonly maxEventBytes?: number;
  /**
   * Called with what happens on the log, in its order, whichever server did it; with what this one did before the promise of
   * its call resolves. It must not throw. @default nobody hears
   */
  readonly hear?: (happenings: readonly Happening[]) => void;
}

/** What the servers of a log hear of. */
export type Happening =
  | { readonly kind: 'committed'; readonly events: readonly CommittedEvent[] }
  | ({ readonly kind: 'admitted'; readonly position: number } & Pick<Admission, 'client' | 'run'>)
  | {
      /** `rechecked`: what its connections may read is judged anew. */
      readonly kind: 'disconnected' | 'rechecked';
      readonly principal: Principal;
      readonly run: string;
    }
  | { readonly kind: 'ended'; readonly topics: readonly EndedTopic[] }
  /** The log has a clock of its own: it is so late now, or later. From the first one on no other clock counts. */
  | { readonly kind: 'time'; readonly now: number }
  | { readonly kind: 'stands'; readonly standing: Standing };

export interface EndedTopic {
  readonly topic: string;
  /** In which it goes on. */
  readonly epoch: string;
}

/** How a server stands towards a log that others write to as well. */
export type Standing =
  | { readonly state: 'current' }
  /** It knows less than others do by so many records: it should take on nothing new. */
  | { readonly state: 'behind'; readonly records: number }
  /** What it knows is not what others know. It does not come back by itself. */
  | { readonly state: 'diverged'; readonly why: string };

/** What a server is told of the log that it takes into use. */
export interface Opened {
  /** Of all that the log was told before, the times at which it was opened included. `0`: the log is new. */
  readonly newestTime: number;
  /** The name of this run. */
  readonly run: string;
  /** By what the log has noticed that it was restored from a backup, and has renewed itself; absent where it has not. */
  readonly restored?: string;
}

/** A server's work on the log, from its `open` on. */
export interface Run {
  readonly id: string;
  readonly began: number;
  /** The last time at which it is known to have been at work. */
  readonly told: number;
}

export type CommandEnd =
  | { readonly status: 'accepted'; readonly result: JsonText | null }
  /** `begun`: its handler had been called before. */
  | { readonly status: 'cancelled'; readonly begun: boolean };
export type CommandRecord = CommandEnd | { readonly status: 'begun' };

export interface Transaction {
  readonly events: readonly NewEvent[];
  /** It is accepted by this transaction. */
  readonly command: AcceptedCommand | null;
  /** What must be so in its place in the log, before its own events. Absent: nothing is expected. */
  readonly expects?: readonly Expectation[];
  /** What the application calls it: another one of that name changes nothing, for 24 hours. Absent: it has no name. */
  readonly publication?: PublicationName;
}

export interface PublicationName {
  readonly key: string;
  /** The same where the same is published: another digest under the same key is a mistake of whoever has named them. */
  readonly digest: string;
}

export interface EventPlace {
  readonly topic: string;
  readonly epoch: string;
  readonly offset: number;
}

/** Which event is the newest of a key, by its offset. */
export interface Expectation {
  readonly topic: string;
  readonly key: string;
  /** 0: there is none, or the key is gone. */
  readonly offset: number;
  /** Of the topic: one that has ended may have another event at this offset. Absent: whichever it is in. */
  readonly epoch?: string;
}

export interface AcceptedCommand extends CommandKey {
  readonly clientId: string;
  /** Of the server that ran it. */
  readonly run: string;
  readonly result: JsonText | null;
}

/** JSON text, kept as it is: the log looks into no event. */
export type JsonText = string;

export interface NewEvent {
  readonly topic: string;
  readonly key: string | null;
  /** The key is gone after this event. */
  readonly gone: boolean;
  readonly critical: boolean;
  readonly event: JsonText;
  /** The clients that must acknowledge it, if it is critical. */
  readonly owedBy: readonly ClientKey[];
}

export interface LoggedEvent {
  /** Positive, strictly increasing within the topic and its epoch. */
  readonly offset: number;
  /** The offset of the event before it; 0 where there was none. */
  readonly prev: number;
  /** Never decreases within the topic. */
  readonly ts: number;
  readonly key: string | null;
  readonly gone: boolean;
  readonly critical: boolean;
  readonly event: JsonText;
}

export interface CommittedEvent {
  readonly topic: string;
  readonly epoch: string;
  readonly event: LoggedEvent;
  /** The clients that were recorded as owing an acknowledgement with it. */
  readonly owedBy: readonly ClientKey[];
}

export type Committed =
  | {
      readonly status: 'committed';
      /** In the order of the transaction's events. */
      readonly events: readonly CommittedEvent[];
    }
  | { readonly status: 'duplicate'; readonly result: JsonText | null }
  /** One of this name was committed before: nothing was changed. */
  | { readonly status: 'repeated'; readonly places: readonly EventPlace[] }
  /** Another one was committed under this key: nothing was changed. */
  | { readonly status: 'key_reused' }
  /** The log remembers no more names of publications for now, rather than forget one early: nothing was changed. */
  | { readonly status: 'too_many_names'; readonly names: number }
  /** The command's client was admitted by another server since: nothing was changed. */
  | { readonly status: 'superseded' }
  /** Something that it expects is not so: nothing was changed. */
  | { readonly status: 'unexpected' }
  /** It does not fit into the log, and never will: nothing was changed. */
  | { readonly status: 'too_large'; readonly bytes: number; readonly maxBytes: number }
  | Extract<CommandEnd, { status: 'cancelled' }>;

/** After an offset; or all whose `ts` is not below a time. */
export type From = { readonly after: number } | { readonly since: number };
/** The oldest of them, or the newest. */
export type Take = { readonly first: number } | { readonly last: number };

export interface History {
  readonly epoch: string;
  /** The newest of the topic; 0 where it has none. */
  readonly offset: number;
  readonly events: readonly LoggedEvent[];
  /**
   * The `ts` of the event at the offset `after`, also where that is the newest one that was forgotten; `null` where it is not
   * known, at offset 0, and of a time.
   */
  readonly afterTs: number | null;
  /** Whether these are all events since `from`, up to the newest of `events`: none forgotten, none cut off by `last`. */
  readonly complete: boolean;
}

export interface TopicState {
  readonly epoch: string;
  readonly offset: number;
  /** Of the newest event; 0 where there is none. */
  readonly ts: number;
  /** By offset. */
  readonly events: readonly LoggedEvent[];
}

/** For how long at least ids and unacknowledged critical events are kept. */
export const KEEP_MS = 7 * 24 * 60 * 60 * 1_000;
/** For how long the names of publications are kept, and where their events are. */
export const PUBLICATION_KEEP_MS = 24 * 60 * 60 * 1_000;
