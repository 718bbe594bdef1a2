import type { EventLog, Principal } from '../../../src/server/log/event-log.ts';
import type { ManualClock } from '../../../testing/fakes/clock.ts';
import { Lifetime } from '../../../testing/fakes/lifetime.ts';
import type { FakeNetwork } from '../../../testing/fakes/network.ts';
import type { Ledger } from '../ledger.ts';
import { PEOPLE } from '../people.ts';
import { Application, type ServerProcess, waitIn } from './application.ts';
import { Chronicle } from './chronicle.ts';
import { ignoringCursors } from './cursors.ts';
import { type LogFault, type LogKind, SimLog } from './log.ts';
import { acceptPlainly } from './plain.ts';
import type { Drain, Servers } from './servers.ts';
import type { WorkRecords } from './work-records.ts';

/** What is accepted so soon after a backup is not noticed to be lost. */
const UNNOTICED_MS = 5_500;

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
export class SimServer implements Servers {
  readonly application: Application;
  readonly chronicle: Chronicle;
  /** How often the history was lost. */
  amnesias = 0;
  /** How often it was brought back from a backup. */
  restores = 0;
  /** How often of these it ignored cursors for a while. */
  ignoringRestores = 0;
  #ignoresCursors = false;
  readonly #options: ServerOptions;
  /** Of the plain dialect: by id, whether it was accepted. */
  #answered = new Map<string, boolean>();
  #log: SimLog;
  /** Its clock is not the browser's. */
  #aheadMs = 7_000;
  #epochs = 0;
  #life = new Lifetime();
  #process: ServerProcess;
  /** Whether new sockets are taken. */
  isUp = true;

  constructor(options: ServerOptions) {
    const { clock, ledger } = options;
    this.#options = options;
    this.application = new Application(options, (ms) => waitIn(clock, this.#life, ms));
    this.chronicle = new Chronicle(
      ledger,
      () => clock.elapsed,
      (text) => void this.application.errors.push(text),
    );
    this.#log = this.#newLog();
    // It has been there for a while.
    this.#log.log.open({ now: this.#now() - 3_600_000, tailLimit: 4 });
    this.#process = this.#start();
  }

  get log(): EventLog {
    return this.#log.log;
  }

  get workRecords(): WorkRecords {
    return this.#log.workRecords;
  }

  get connections(): number {
    return this.#process.broker.stats().connections;
  }

  publish(topic: string, event: { type: string; [field: string]: unknown }): void {
    // A server that dies on it has published it or not.
    this.#process.broker.publish(topic, event).catch((error) => this.application.report(error, 'publishing'));
  }

  setUp(isUp: boolean): void {
    this.isUp = isUp;
    this.#listen();
    if (!isUp) this.#options.network.cut();
  }

  /** It works from now on, whatever it was told before. */
  heal(): void {
    this.setUp(true);
    this.application.refusesCommands = false;
    this.#ignoresCursors = false;
    this.application.doorkeeper.heal();
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
      this.chronicle.forgotten();
      this.#answered = new Map();
    }
    this.#process = this.#start();
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
    const { log, lost, knownUntil } = await this.#log.restored(share, !ignoresCursors);
    const unnoticedUntil = knownUntil + UNNOTICED_MS;
    await this.chronicle.restored(log.log, lost);
    for (const { command, events } of lost) {
      if (!command) continue;
      for (const { event } of events) ledger.of(JSON.parse(event))?.lost(unnoticedUntil);
    }
    this.#log = log;
    this.#answered = new Map();
    this.#aheadMs += ms;
    if (ms !== 0) ledger.circumstances.serversClockWasSet = true;
    this.#process = this.#start();
  }

  /** Somebody sets its clock. */
  setClock(ms: number): void {
    this.#aheadMs += ms;
    this.chronicle.clockWasSet(ms);
  }

  /** It says goodbye; when it is done, or already before, another one takes its place. */
  async drain({ ms, overlaps }: Drain, pass: (ms: number) => Promise<void>): Promise<void> {
    const [life, { broker }] = [this.#life, this.#process];
    if (overlaps) this.#process = this.#start();
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
    else if (!life.isDead) this.#process = this.#start();
  }

  failLog(what: LogFault, times: number): void {
    this.#log.failNext(what, times);
  }

  problemsAtRest(): readonly string[] {
    return [];
  }

  expireTokens(): void {
    this.application.doorkeeper.expireTokens();
    for (const who of PEOPLE) this.#process.broker.disconnect(this.application.doorkeeper.principalOf(who));
  }

  endTopic(topic: string): void {
    this.#process.broker.endTopic(topic).catch((error) => this.application.report(error, 'ending a topic'));
  }

  recheck(principal: Principal): void {
    this.#process.recheck(principal);
  }

  #newLog(): SimLog {
    const { isRoomy, logKind } = this.#options;
    return new SimLog({
      kind: logKind,
      historyEvents: isRoomy ? 100_000 : 12,
      newEpoch: () => `epoch ${++this.#epochs}`,
      elapsed: () => this.#options.clock.elapsed,
      committed: (transactions, answer) => this.chronicle.committed(transactions, answer),
      ended: (topic) => this.chronicle.ended(topic),
      recorded: (debt) => this.chronicle.debts.recorded(debt),
    });
  }

  #start(): ServerProcess {
    const life = new Lifetime();
    this.#life = life;
    // `dedupe_since` is in milliseconds: what was accepted in this one must not seem to be remembered.
    this.#aheadMs++;
    const process = this.application.start({ log: this.#log.log, life, now: () => this.#now() });
    this.#listen(process);
    return process;
  }

  #now(): number {
    return Date.UTC(2026, 0, 1) + Math.floor(this.#options.clock.elapsed) + this.#aheadMs;
  }

  #listen(process: ServerProcess = this.#process): void {
    const { isPlain, ledger, network } = this.#options;
    if (!this.isUp) network.server = null;
    else if (isPlain) network.server = acceptPlainly(this.#answered, ledger, this.application.refused);
    else
      network.server = (peer) => {
        const inbound = process.connect(peer);
        return this.#ignoresCursors ? ignoringCursors(inbound) : inbound;
      };
  }
}
