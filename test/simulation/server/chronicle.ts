import type { Committed, Principal, Transaction } from '../../../src/server/log/event-log.ts';
import type { Ledger } from '../ledger.ts';
import { isReadable } from '../protocol.ts';

/** Beyond it ids and critical events are forgotten. */
const FORGETS_AFTER_MS = 6 * 24 * 60 * 60 * 1_000;

/** An accepted command, in the order of acceptance, whichever server's log it is in. */
export interface Accepted {
  readonly n: number;
  readonly id: string;
  readonly principal: Principal;
  /** Of the server that ran it. */
  readonly run: string;
}

export interface Published {
  readonly topic: string;
  readonly epoch: string;
  readonly offset: number;
  readonly ts: number;
  /** When, by the time that has passed. */
  readonly at: number;
  /** As JSON. */
  readonly text: string;
  /** Whoever misses it is told so: it has no key, is not critical, and can be read. */
  readonly isLosable: boolean;
}

/** All that was committed, in its order, whether or not a server lived to hear it. */
export class Chronicle {
  /** All servers', and of all their logs. */
  readonly accepted: Accepted[] = [];
  /** What the log still had at the last start of a server. */
  published: Published[] = [];
  /** Of each event its epoch, by "topic ts offset". */
  readonly epochs = new Map<string, string>();
  /** "topic epoch offset" of the events that no page can read. */
  readonly unreadable = new Set<string>();
  /** The critical events that a client was to acknowledge. */
  readonly owed: { topic: string; epoch: string; offset: number; clientIds: string[] }[] = [];
  /** By "topic offset": the epoch and the timestamp of each event that was ever there. */
  readonly #times = new Map<string, { epoch: string; ts: number }[]>();
  readonly #ledger: Ledger;
  readonly #elapsed: () => number;

  constructor(ledger: Ledger, elapsed: () => number) {
    this.#ledger = ledger;
    this.#elapsed = elapsed;
  }

  /** The timestamps of what has been at that place; of an epoch that a log went on in, what it had before counts. */
  timesOf(topic: string, epoch: string, offset: number): number[] {
    const all = this.#times.get(`${topic} ${offset}`) ?? [];
    const own = all.filter((place) => place.epoch === epoch);
    return (own.length > 0 ? own : all).map(({ ts }) => ts);
  }

  /**
   * Whether something in place of what it had lost got the very same timestamp, because its clock was set back: nobody can
   * tell the two apart, and a page shows the state without the second one until a newer event of its key.
   */
  isAmbiguous(topic: string): boolean {
    return [...this.#times].some(([place, all]) => {
      const times = all.map(({ epoch, ts }) => `${epoch} ${ts}`);
      return place.startsWith(`${topic} `) && new Set(times).size < times.length;
    });
  }

  /** No line, gate or alarm is published more than once, and each has a text of its own. */
  publishedTwice(): readonly string[] {
    const seen = new Set<string>();
    return this.published.flatMap(({ topic, text }) => {
      const said = `${text} of ${topic}`;
      const isAgain = seen.has(said) && /"type":"(line|gate|alarm)"/.test(text);
      seen.add(said);
      return isAgain ? [`${said} was published twice`] : [];
    });
  }

  /** Somebody has set the clock that the log goes by. */
  clockWasSet(ms: number): void {
    const { circumstances } = this.#ledger;
    circumstances.serversClockWasSet = true;
    // A hub's idea of the time is wrong then, until it hears it again.
    if (ms > 0) circumstances.clocksWereSet = true;
    if (ms < FORGETS_AFTER_MS) return;
    circumstances.serverForgot = true;
    this.owed.length = 0;
  }

  committed(transactions: readonly Transaction[], answer: readonly Committed[]): void {
    for (const [i, { command, events }] of transactions.entries()) {
      const done = answer[i];
      if (done?.status !== 'committed') continue;
      for (const [j, { topic, owedBy }] of events.entries()) {
        const { epoch = '', event } = done.events[j] ?? {};
        const clientIds = owedBy.map(({ clientId }) => clientId);
        if (event) {
          const isLosable = event.key === null && !event.critical && isReadable(event.event);
          const { offset, ts, event: text } = event;
          const at = this.#elapsed();
          this.published.push({ topic, epoch, offset, ts, at, text, isLosable });
          const place = `${topic} ${event.offset}`;
          this.#times.set(place, [...(this.#times.get(place) ?? []), { epoch, ts: event.ts }]);
        }
        if (event && !isReadable(event.event)) this.unreadable.add(`${topic} ${epoch} ${event.offset}`);
        if (event) this.epochs.set(`${topic} ${event.ts} ${event.offset}`, epoch);
        if (event?.critical) this.owed.push({ topic, epoch, offset: event.offset, clientIds });
      }
      if (!command) continue;
      for (const { event } of events) {
        const { type, n } = JSON.parse(event);
        if (type !== 'ran') continue;
        const { id, principal, run } = command;
        this.accepted.push({ n, id, principal, run });
        this.#ledger.of({ n })?.ran(principal);
      }
    }
  }
}
