/**
 * The one way into the log. Appends wait for the one before them, so that many share a call. Nothing is written before the
 * log is open. Who listens hears of what was written from the log.
 */
import type {
  AcceptedCommand,
  ClientKey,
  Committed,
  EventLog,
  Expectation,
  NewEvent,
  PublicationName,
  Transaction,
} from '../log/event-log.ts';
import { Batches } from './batches.ts';
import type { LogOpening } from './log-opening.ts';
import type { Clock } from './peer.ts';
import type { ServerTime } from './server-time.ts';
import type { ServerStats } from './stats.ts';

/** An event before it is known who must acknowledge it. */
export type Publication = Omit<NewEvent, 'owedBy'>;
export interface Append {
  readonly publications: readonly Publication[];
  readonly command: Omit<AcceptedCommand, 'run'> | null;
  readonly expects: readonly Expectation[];
  /** What the application calls it; it has no name where it is missing. */
  readonly name?: PublicationName | undefined;
  /** Asked when the log takes it: where it is false, nothing of it is written. Without it all is. */
  readonly mayCommit?: () => boolean;
}
/** `withheld`: it was not to be written any more when the log would have taken it. */
export type Appended = Committed | { readonly status: 'withheld' };
export interface Audience {
  /** The clients that are subscribed to the topic now. */
  clientsOf(topic: string): readonly ClientKey[];
}

export class Writer {
  readonly #audience: Audience;
  readonly #batches: Batches<Append, Appended>;

  constructor(
    log: EventLog,
    opening: LogOpening,
    clock: Clock,
    time: ServerTime,
    audience: Audience,
    stats: ServerStats,
  ) {
    this.#audience = audience;
    this.#batches = new Batches(clock, async (appends) => {
      const run = await opening.opened();
      const taken = appends.filter(({ mayCommit }) => mayCommit === undefined || mayCommit());
      const transactions = taken.map((append) => this.#transaction(append, run));
      const results = transactions.length > 0 ? await log.commit(transactions, time.now()) : [];
      for (const one of results) if (one.status === 'committed') stats.eventsPublished += one.events.length;
      const places = new Map(taken.map((append, place) => [append, place]));
      return appends.map((append) => {
        const place = places.get(append);
        return place === undefined ? { status: 'withheld' } : results[place];
      });
    });
  }

  /** Resolves when it is durable, and on its way to this server's subscribers; or when it is withheld. */
  append(append: Append): Promise<Appended> {
    return this.#batches.add(append);
  }

  async idle(): Promise<void> {
    await this.#batches.idle();
  }

  #transaction({ publications, command, expects, name }: Append, run: string): Transaction {
    return {
      ...(name && { publication: name }),
      command: command && { ...command, run },
      ...(expects.length > 0 && { expects }),
      events: publications.map((publication) => ({
        ...publication,
        owedBy: publication.critical ? this.#audience.clientsOf(publication.topic) : [],
      })),
    };
  }
}
