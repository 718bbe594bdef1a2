/**
 * What a log has come to, entry by entry. Whoever applies the same entries in the same order has the same projection, and the
 * same answers: nothing follows from a clock, from chance, or from an option of the process that applies. What differs from
 * server to server, such as names, times and limits, is in the entries.
 *
 * What is remembered:
 * - of a topic, its newest `historyEvents`: cut at a `prune`, and as soon as there are twice as many. Beyond them the newest
 *   event of each key that is not gone, the newest `tailLimit` without a key, and critical events of the last 7 days;
 * - a topic from its first event on until it ends: by an entry, or by its age at a `prune`, but for one with critical events of
 *   the last 7 days. And for 365 days that it has ended. One without events is not remembered:
 *   what is told of it follows from the log. When one that has ended is forgotten, those without events go on in an epoch that
 *   none of them had, so that no cursor of that topic is good for what is published to it then;
 * - command ids for 7 days, the newest `commandIds` of them. A hundredth more makes the oldest go, and `dedupeSince` says so;
 * - the names of publications for 24 hours, with where their events are, apart from the ids of commands;
 * - the owner of a client id for 365 days from its last use, and the `clientIds` that were used last; with the connection that
 *   was admitted last, whose term keeps lower ones out for 24 hours;
 * - what a client owes and has acknowledged, for 7 days, and with it up to where that is recorded; runs of servers, for 7 days.
 *
 * Of what has the same time, the one goes first whose text is less, by UTF-16 code units.
 */
import type {
  Admission,
  Admitted,
  ClientKey,
  CommandEnd,
  CommandKey,
  CommandRecord,
  Committed,
  EndedTopic,
  From,
  History,
  JsonText,
  LoggedEvent,
  Opened,
  Principal,
  Run,
  Take,
  TopicState,
  Transaction,
} from './event-log.ts';

export interface Projection {
  /** Of the entry that was applied last; 0 before the first one. */
  readonly position: number;

  /**
   * Applies the entry, and answers what came of it.
   *
   * @throws Error where the position does not follow the present one: nothing was applied.
   */
  apply<K extends EntryKind>(position: number, entry: Entry<K>): Outcomes[K];

  /**
   * Applies entries that have one position, and keeps a note with it that follows from what came of them.
   *
   * @throws Error where the position does not follow the present one: nothing was applied.
   */
  applyAll(
    position: number,
    entries: readonly Entry[],
    noteOf: (outcomes: readonly Outcome[]) => string,
  ): readonly Outcome[];

  /** The last one that was kept; empty before the first one. */
  readonly note: string;

  read(topic: string, from: From, take: Take): History;
  state(topic: string): TopicState;
  latest(topic: string, key: string): LoggedEvent | null;
  recall(command: CommandKey): CommandRecord | null;
  runs(): readonly Run[];
  dedupeSince(): number;
  unrecorded(
    client: ClientKey,
    topic: string,
    given: readonly number[],
    from: From | null,
  ): readonly LoggedEvent[];
  owed(client: ClientKey, topic: string): readonly LoggedEvent[];
  /** How many names of publications are remembered. */
  publicationNames(): number;
  remembersPublication(key: string): boolean;

  /** All of it, as lines of JSON; the same for the same entries. It must not be changed until the last one was taken. */
  dump(): Iterable<JsonText>;

  /**
   * Becomes what was dumped, in place of what it was, with the end of the last step: each is a part that does not take long. Until
   * then, and where it is left before that, it is as before; between the steps it may refuse to be asked.
   *
   * @throws Error where that is no whole dump of this format, or not what was written: it is as before then.
   */
  load(dump: Iterable<JsonText>): Generator<void>;
}

/** How much is remembered. The last `open` says it. */
export interface MemoryLimits {
  /** Events without a key that are in a topic's state, the newest ones. */
  readonly tailLimit: number;
  /** Events of each topic that can be replayed at least. */
  readonly historyEvents: number;
  readonly commandIds: number;
  readonly clientIds: number;
  /** How long after its last event a topic ends, by the beginning of its name: the first that fits counts. Absent: none ends by itself. */
  readonly topicAges?: readonly { readonly prefix: string; readonly ms: number }[];
}

/**
 * What changes a log, by kind. `now`: milliseconds since 1970; where it is less than that of an entry before, that one counts.
 */
export interface Entries {
  open: {
    readonly now: number;
    readonly limits: MemoryLimits;
    /** The run's name, never given before. */
    readonly run: string;
    /** Of all topics, where the log is new. */
    readonly epoch: string;
  };
  tell: {
    readonly now: number;
    readonly run: string;
    /** What the run's clients may have been told that it is, by its own count; where it is later than `now`, it counts. */
    readonly counted: number;
  };
  commit: { readonly now: number; readonly transactions: readonly Transaction[] };
  renew: { readonly now: number; readonly epoch: string };
  begin: { readonly now: number; readonly commands: readonly CommandKey[] };
  cancel: { readonly now: number; readonly command: CommandKey };
  /** `counted`: as in `tell`. */
  admit: { readonly now: number; readonly admissions: readonly Admission[]; readonly counted: number };
  owe: {
    readonly now: number;
    readonly client: ClientKey;
    readonly topic: string;
    /** Where the topic is in another one, it is void. Absent: whichever it is in. */
    readonly epoch?: string;
    readonly offsets: readonly number[];
    /** Absent: it is not known how far these are all. */
    readonly upTo?: number;
  };
  acknowledge: {
    readonly client: ClientKey;
    readonly topic: string;
    readonly epoch: string;
    readonly offsets: readonly number[];
  };
  /** Changes nothing that is remembered; as `recheck`. */
  disconnect: { readonly principal: Principal; readonly run: string };
  recheck: { readonly principal: Principal; readonly run: string };
  /** `epoch`: in which the topic goes on. */
  endTopic: { readonly now: number; readonly topic: string; readonly epoch: string };
  /** `epoch`: in which topics go on that end, and all without events, where one that has ended is forgotten. */
  prune: { readonly now: number; readonly epoch: string };
}

/** As `EventLog` has it of the calls of the same names. */
export interface Outcomes {
  open: Opened;
  tell: null;
  commit: readonly Committed[];
  renew: null;
  begin: readonly CommandRecord[];
  cancel: CommandEnd;
  admit: readonly Admitted[];
  owe: null;
  acknowledge: null;
  disconnect: null;
  recheck: null;
  endTopic: readonly EndedTopic[];
  prune: readonly EndedTopic[];
}

export type EntryKind = keyof Entries;
export type Outcome = Outcomes[EntryKind];

export type Entry<K extends EntryKind = EntryKind> = {
  [P in K]: { readonly kind: P; readonly content: Entries[P] };
}[K];

/** How an entry of each kind is applied. */
export type Rules = { readonly [K in EntryKind]: (content: Entries[K], position: number) => Outcomes[K] };

/** A client id that was not used for this long may get another owner. */
export const OWNER_KEEP_MS = 365 * 24 * 60 * 60 * 1_000;
/** So long it is remembered that a topic has ended. */
export const ENDED_KEEP_MS = 365 * 24 * 60 * 60 * 1_000;
/** So long after it was admitted, a connection keeps those of a lower term out. */
export const TERM_KEEP_MS = 24 * 60 * 60 * 1_000;
