import type { ClientKey, Committed, EventLog, NewEvent, Transaction } from '../log/event-log.ts';
import { type Deferred, deferred } from './deferred.ts';
import type { Clock } from './peer.ts';

/** An event before it is known who must acknowledge it. */
export type Publication = Omit<NewEvent, 'owedBy'>;
export interface Append {
  readonly publications: readonly Publication[];
  readonly command: Transaction['command'];
}
export interface Audience {
  /** The clients that are subscribed to the topic now. */
  clientsOf(topic: string): readonly ClientKey[];
  /** What was committed, in the order of the log. */
  committed(results: readonly Committed[], transactions: readonly Transaction[]): void;
}

/** Transactions that share one call of the log. */
const GROUP_LIMIT = 1_000;

/**
 * The one way into the log. Appends wait for the one before them, so that every topic's events go out in the order of
 * the log; those which wait share the next call, so that a log that must sync a disk does so once for many.
 */
export class Writer {
  readonly #log: EventLog;
  readonly #opened: Promise<void>;
  readonly #clock: Clock;
  readonly #audience: Audience;
  #waiting: { append: Append; result: Deferred<Committed> }[] = [];
  #running: Promise<void> | null = null;

  /** Nothing is written before the log is `opened`. */
  constructor(log: EventLog, opened: Promise<void>, clock: Clock, audience: Audience) {
    this.#log = log;
    this.#opened = opened;
    this.#clock = clock;
    this.#audience = audience;
  }

  /** Resolves when it is durable, and on its way to the subscribers. */
  append(append: Append): Promise<Committed> {
    const result = deferred<Committed>();
    this.#waiting.push({ append, result });
    this.#running ??= this.#run();
    return result.promise;
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Also makes it one turn later, so that whatever is published in this one shares a call. A log that failed to open
    // fails each append below.
    await this.#opened.catch(() => {});
    while (this.#waiting.length > 0) {
      // Else the commands of one client, each of which follows the one before it, would keep all others waiting: a log that
      // answers at once leaves no room between them for what arrives.
      await this.#clock.turn?.();
      const group = this.#waiting.splice(0, GROUP_LIMIT);
      const transactions = group.map(({ append }) => this.#transaction(append));
      try {
        await this.#opened;
        const results = await this.#log.commit(transactions, this.#clock.now());
        this.#audience.committed(results, transactions);
        for (const [index, { result }] of group.entries()) {
          const committed = results[index];
          if (committed) result.resolve(committed);
          else result.reject(new Error('the event log answered fewer transactions than it was given'));
        }
      } catch (error) {
        for (const { result } of group) result.reject(error);
      }
    }
    this.#running = null;
  }

  #transaction({ publications, command }: Append): Transaction {
    return {
      command,
      events: publications.map((publication) => ({
        ...publication,
        owedBy: publication.critical ? this.#audience.clientsOf(publication.topic) : [],
      })),
    };
  }
}
