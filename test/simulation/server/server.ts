import { Broker } from '../../../src/server/core/broker.ts';
import { resolveLimits } from '../../../src/server/core/limits.ts';
import type { EventLog, Principal } from '../../../src/server/log/event-log.ts';
import type { ManualClock } from '../../../testing/fakes/clock.ts';
import { Lifetime, lifetimeTimer } from '../../../testing/fakes/lifetime.ts';
import { logUntilDeath } from '../../../testing/fakes/log.ts';
import type { FakeNetwork } from '../../../testing/fakes/network.ts';
import type { Ledger } from '../ledger.ts';
import { PEOPLE } from '../people.ts';
import { isReadable, serverProtocol } from '../protocol.ts';
import { ignoringCursors } from './cursors.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { COMMAND_LIMIT_MS, handler } from './handlers.ts';
import { FAULT, type LogKind, SimLog } from './log.ts';
import { acceptPlainly } from './plain.ts';

/** Beyond it ids and critical events are forgotten. */
const FORGETS_AFTER_MS = 6 * 24 * 60 * 60 * 1_000;
/** What is accepted so soon after a backup is not noticed to be lost. */
const UNNOTICED_MS = 5_500;

/** An accepted command, in the order of acceptance, whichever server's log it is in. */
export interface Accepted {
  readonly n: number;
  readonly id: string;
  readonly principal: Principal;
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

export interface ServerOptions {
  readonly clock: ManualClock;
  readonly network: FakeNetwork;
  readonly ledger: Ledger;
  /** Whether it remembers everything that is published. */
  readonly isRoomy: boolean;
  readonly logKind: LogKind;
  /** Whether it speaks the plain dialect. */
  readonly isPlain: boolean;
}

/** How it is brought back from a backup. */
interface Restore {
  readonly share: number;
  readonly ms: number;
  readonly ignoresCursors: boolean;
}

/** The server: the real logic, on a log that outlives it. It is killed, started again, and may lose its memory. */
export class SimServer {
  readonly doorkeeper = new Doorkeeper((ms) => this.#wait(ms, this.#life));
  /** All servers', and of all their logs. */
  readonly accepted: Accepted[] = [];
  /** Commands that some handler has refused for good, by n. */
  readonly refused = new Set<number>();
  readonly errors: string[] = [];
  /** Everything that was committed, in its order, and that the log still had at the last start. */
  published: Published[] = [];
  /** By "topic offset": the epoch and the timestamp of each event that was ever there. */
  readonly #times = new Map<string, { epoch: string; ts: number }[]>();
  /** Of each event its epoch, by "topic ts offset". */
  readonly epochs = new Map<string, string>();
  /** "topic epoch offset" of the events that no page can read. */
  readonly unreadable = new Set<string>();
  /** How often the history was lost. */
  amnesias = 0;
  /** How often it was brought back from a backup. */
  restores = 0;
  /** How often of these it ignored cursors for a while. */
  ignoringRestores = 0;
  refusesCommands = false;
  #ignoresCursors = false;
  readonly #options: ServerOptions;
  readonly #attempts = new Map<number, number>();
  /** Of the plain dialect: by id, whether it was accepted. */
  #answered = new Map<string, boolean>();
  #log: SimLog;
  /** Its clock is not the browser's. */
  #aheadMs = 7_000;
  #epochs = 0;
  #sessions = 0;
  #life = new Lifetime();
  #broker: Broker;
  /** Whether new sockets are taken. */
  isUp = true;
  /** The critical events that a client was to acknowledge. */
  readonly owed: { topic: string; epoch: string; offset: number; clientIds: string[] }[] = [];

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#log = this.#newLog();
    // It has been there for a while.
    this.#log.log.open({ now: this.#now() - 3_600_000, tailLimit: 4 });
    this.#broker = this.#start();
  }

  get log(): EventLog {
    return this.#log.log;
  }

  get simLog(): SimLog {
    return this.#log;
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

  get connections(): number {
    return this.#broker.stats().connections;
  }

  publish(topic: string, event: { type: string; [field: string]: unknown }): void {
    // A server that dies on it has published it or not.
    this.#broker.publish(topic, event).catch((error) => this.#report(error, 'publishing'));
  }

  setUp(isUp: boolean): void {
    this.isUp = isUp;
    this.#listen();
    if (!isUp) this.#options.network.cut();
  }

  /** It works from now on, whatever it was told before. */
  heal(): void {
    this.setUp(true);
    this.refusesCommands = false;
    this.#ignoresCursors = false;
    this.doorkeeper.heal();
    this.#log.failNext('commit before', 0);
  }

  /** Killed at this moment, and started again, as it was or with nothing. */
  restart(keepsHistory: boolean): void {
    this.#life.end();
    this.#options.network.cut();
    if (!keepsHistory) {
      this.amnesias++;
      this.#options.ledger.circumstances.serverForgot = true;
      this.#log = this.#newLog();
      this.published = [];
      this.#answered = new Map();
    }
    this.#broker = this.#start();
  }

  /** Killed at this moment, and started again on a backup of its log. */
  async restore({ share, ms, ignoresCursors }: Restore): Promise<void> {
    const { ledger, network } = this.#options;
    this.#life.end();
    network.cut();
    this.amnesias++;
    ledger.circumstances.serverForgot = true;
    this.restores++;
    if (ignoresCursors) this.ignoringRestores++;
    this.#ignoresCursors = ignoresCursors;
    // What was owed since then, no server knows of.
    this.owed.length = 0;
    const { log, lost, knownUntil } = await this.#log.restored(share, !ignoresCursors);
    const unnoticedUntil = knownUntil + UNNOTICED_MS;
    const lostTexts = new Set(lost.flatMap(({ events }) => events.map(({ event }) => event)));
    this.published = this.published.filter(({ text }) => !lostTexts.has(text));
    for (const { command, events } of lost) {
      if (!command) continue;
      for (const { event } of events) ledger.of(JSON.parse(event))?.lost(unnoticedUntil);
    }
    this.#log = log;
    this.#answered = new Map();
    this.#aheadMs += ms;
    if (ms !== 0) ledger.circumstances.serversClockWasSet = true;
    this.#broker = this.#start();
  }

  /** Somebody sets its clock. */
  setClock(ms: number): void {
    const { ledger } = this.#options;
    this.#aheadMs += ms;
    ledger.circumstances.serversClockWasSet = true;
    // A hub's idea of the time is wrong then, until it hears it again.
    if (ms > 0) ledger.circumstances.clocksWereSet = true;
    if (ms < FORGETS_AFTER_MS) return;
    ledger.circumstances.serverForgot = true;
    this.owed.length = 0;
  }

  /** It says goodbye; when it is done, or already before, another one takes its place. */
  async drain(
    { ms, overlaps }: { ms: number; overlaps: boolean },
    pass: (ms: number) => Promise<void>,
  ): Promise<void> {
    const [life, broker] = [this.#life, this.#broker];
    if (overlaps) this.#broker = this.#start();
    let isDone = false;
    const closing = broker.close(ms).then(() => {
      isDone = true;
    });
    for (let waited = 0; !isDone; waited += 500) {
      // It was killed over it, and another one is there already.
      if (life.isDead) return;
      if (waited > 120_000) throw new Error('the server did not come to an end');
      await pass(500);
    }
    await closing;
    if (overlaps) life.end();
    else if (!life.isDead) this.#broker = this.#start();
  }

  expireTokens(): void {
    this.doorkeeper.expireTokens();
    for (const who of PEOPLE) this.#broker.disconnect(this.doorkeeper.principalOf(who));
  }

  #newLog(): SimLog {
    const { isRoomy, logKind } = this.#options;
    return new SimLog({
      kind: logKind,
      historyEvents: isRoomy ? 100_000 : 12,
      newEpoch: () => `epoch ${++this.#epochs}`,
      elapsed: () => this.#options.clock.elapsed,
      committed: (transactions, answer) => this.#note(transactions, answer),
    });
  }

  #start(): Broker {
    const life = new Lifetime();
    this.#life = life;
    // `dedupe_since` is in milliseconds: what was accepted in this one must not seem to be remembered.
    this.#aheadMs++;
    const { clock, isRoomy } = this.#options;
    const server = this;
    const run = handler({
      attempts: this.#attempts,
      refused: this.refused,
      get refusesCommands() {
        return server.refusesCommands;
      },
      wait: (ms) => this.#wait(ms, life),
      running: new Map(),
      begins: (n) => this.#options.ledger.of({ n })?.begins(clock.elapsed),
      elapsed: () => clock.elapsed,
      problem: (text) => void this.errors.push(text),
    });
    const broker = new Broker({
      protocol: serverProtocol,
      handlers: Object.fromEntries(Object.keys(serverProtocol.commands).map((name) => [name, run])),
      log: logUntilDeath(this.log, life),
      countsConnections: true,
      newSession: () => `session ${++this.#sessions}`,
      acceptsVersion: () => true,
      authorize: (_principal, topic, action) => this.doorkeeper.authorize(topic, action),
      report: (error, about) => this.#report(error, about),
      clock: {
        now: () => this.#now(),
        get elapsed() {
          return clock.elapsed;
        },
        setTimer: (delayMs, callback) => lifetimeTimer(clock, life, delayMs, callback),
      },
      limits: resolveLimits({
        commandMs: COMMAND_LIMIT_MS,
        ...(!isRoomy && {
          missedLimit: 8,
          tailLimit: 4,
          resyncsPerMinute: 30,
          subscriptionsPerConnection: 30,
        }),
      }),
    });
    this.#listen(broker);
    return broker;
  }

  #now(): number {
    return Date.UTC(2026, 0, 1) + Math.floor(this.#options.clock.elapsed) + this.#aheadMs;
  }

  #wait(ms: number, life: Lifetime): Promise<void> {
    return new Promise((done) => lifetimeTimer(this.#options.clock, life, ms, done));
  }

  #listen(broker: Broker = this.#broker): void {
    const { isPlain, ledger, network } = this.#options;
    if (!this.isUp) network.server = null;
    else if (isPlain) network.server = acceptPlainly(this.#answered, ledger, this.refused);
    else
      network.server = (peer) => {
        const inbound = broker.connect(peer, (token) => this.doorkeeper.authenticate(token));
        return this.#ignoresCursors ? ignoringCursors(inbound) : inbound;
      };
  }

  #report(error: unknown, about: string): void {
    const text = String(error);
    if (text.includes(FAULT) || text.includes('limits.commandMs')) return;
    this.errors.push(`${about}: ${text}`);
  }

  #note(
    transactions: Parameters<EventLog['commit']>[0],
    answer: Awaited<ReturnType<EventLog['commit']>>,
  ): void {
    for (const [i, { command, events }] of transactions.entries()) {
      const done = answer[i];
      if (done?.status !== 'committed') continue;
      for (const [j, { topic, owedBy }] of events.entries()) {
        const { epoch = '', event } = done.events[j] ?? {};
        const clientIds = owedBy.map(({ clientId }) => clientId);
        if (event) {
          const isLosable = event.key === null && !event.critical && isReadable(event.event);
          const { offset, ts, event: text } = event;
          const at = this.#options.clock.elapsed;
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
        this.accepted.push({ n, id: command.id, principal: command.principal });
        this.#options.ledger.of({ n })?.ran(command.principal);
      }
    }
  }
}
