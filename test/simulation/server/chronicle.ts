import type { Committed, EventLog, Principal, Transaction } from '../../../src/server/log/event-log.ts';
import type { Ledger } from '../ledger.ts';
import { isReadable, TALLY, TOPICS } from '../protocol.ts';
import { Debts } from './debts.ts';

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
  /** Its topic has ended since. */
  isForgotten: boolean;
}

interface Place {
  readonly epoch: string;
  readonly ts: number;
  isForgotten: boolean;
}

/** All that was committed, in its order, whether or not a server lived to hear it. */
export class Chronicle {
  /** All servers', and of all their logs. */
  readonly accepted: Accepted[] = [];
  /** What the log still had at the last start of a server. */
  published: Published[] = [];
  /** Of each event its epoch, by "topic ts offset"; more than one where time has stood still over the end of a topic. */
  readonly #epochs = new Map<string, Set<string>>();
  /** "topic epoch offset" of the events that no page can read. */
  readonly unreadable = new Set<string>();
  /** The critical events, and the clients that were there to acknowledge them. */
  readonly criticals: { topic: string; epoch: string; offset: number; ts: number; clientIds: string[] }[] =
    [];
  readonly debts = new Debts();
  /** By "topic offset": each event that was ever there. */
  readonly #places = new Map<string, Place[]>();
  /** By topic: so many counting commands were accepted since it began. */
  readonly #counted = new Map<string, number>();
  readonly #ledger: Ledger;
  readonly #elapsed: () => number;
  readonly #problem: (text: string) => void;

  constructor(ledger: Ledger, elapsed: () => number, problem: (text: string) => void) {
    this.#ledger = ledger;
    this.#elapsed = elapsed;
    this.#problem = problem;
  }

  /**
   * The timestamps of what has been at that place; of an epoch that a log went on in, what it had before counts, unless the topic
   * has ended since.
   */
  timesOf(topic: string, epoch: string, offset: number): number[] {
    const all = this.#places.get(`${topic} ${offset}`) ?? [];
    const own = all.filter((place) => place.epoch === epoch);
    return (own.length > 0 ? own : all.filter(({ isForgotten }) => !isForgotten)).map(({ ts }) => ts);
  }

  /**
   * Whether something in place of what it had lost got the very same timestamp, because its clock was set back: nobody can
   * tell the two apart, and a page shows the state without the second one until a newer event of its key.
   */
  isAmbiguous(topic: string): boolean {
    return [...this.#places].some(([place, all]) => {
      const times = all.map(({ epoch, ts }) => `${epoch} ${ts}`);
      return place.startsWith(`${topic} `) && new Set(times).size < times.length;
    });
  }

  /** `null`: events of two epochs are alike to whoever is told their place and time alone. */
  epochOf(topic: string, { ts, offset }: { ts: number; offset: number }): string | null | undefined {
    const [epoch, another] = this.#epochs.get(`${topic} ${ts} ${offset}`) ?? [];
    return another === undefined ? epoch : null;
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
    this.#nothingIsOwed();
  }

  /** All of the topic is forgotten. */
  ended(name: string): void {
    for (const event of this.published) if (event.topic === name) event.isForgotten = true;
    for (const [place, all] of this.#places)
      if (place.startsWith(`${name} `)) for (const one of all) one.isForgotten = true;
    this.#counted.delete(name);
  }

  /** The log knows nothing any more. */
  forgotten(): void {
    this.published = [];
    this.#counted.clear();
  }

  /** The log was brought back from a backup. */
  async restored(log: Pick<EventLog, 'latest'>, lost: readonly Transaction[]): Promise<void> {
    // What was owed since then, no server knows of.
    this.#nothingIsOwed();
    const lostTexts = new Set(lost.flatMap(({ events }) => events.map(({ event }) => event)));
    this.published = this.published.filter(({ text }) => !lostTexts.has(text));
    // The backup may be of before a topic's end.
    for (const all of this.#places.values()) for (const one of all) one.isForgotten = false;
    for (const topic of TOPICS) {
      const tally = await log.latest(topic, TALLY);
      this.#counted.set(topic, tally ? JSON.parse(tally.event).total : 0);
    }
  }

  #nothingIsOwed(): void {
    this.criticals.length = 0;
    this.debts.forgotten();
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
          this.published.push({ topic, epoch, offset, ts, at, text, isLosable, isForgotten: false });
          const place = `${topic} ${event.offset}`;
          const all = this.#places.get(place) ?? [];
          this.#places.set(place, [...all, { epoch, ts: event.ts, isForgotten: false }]);
          this.#judgeTally(topic, text);
        }
        if (event && !isReadable(event.event)) this.unreadable.add(`${topic} ${epoch} ${event.offset}`);
        if (event) {
          const name = `${topic} ${event.ts} ${event.offset}`;
          this.#epochs.set(name, (this.#epochs.get(name) ?? new Set()).add(epoch));
        }
        if (event?.critical)
          this.criticals.push({ topic, epoch, offset: event.offset, ts: event.ts, clientIds });
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

  /** Who counts on what it has read counts each command once, whichever servers others have come to. */
  #judgeTally(topic: string, text: string): void {
    const { type, total, n } = JSON.parse(text);
    if (type !== 'tally') return;
    const counted = (this.#counted.get(topic) ?? 0) + 1;
    this.#counted.set(topic, counted);
    if (total !== counted)
      this.#problem(`command ${n} has counted ${total} in ${topic}, where ${counted} were accepted`);
  }
}
