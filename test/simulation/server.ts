import { Broker } from '../../src/server/core/broker.ts';
import type { AnyContext, AnyHandler } from '../../src/server/core/execute.ts';
import { resolveLimits } from '../../src/server/core/limits.ts';
import type { EventLog, Principal } from '../../src/server/log/event-log.ts';
import { memoryLog } from '../../src/server/log/memory-log.ts';
import { Reject } from '../../src/server/reject.ts';
import type { HandClock } from '../../src/testing/fakes/clock.ts';
import { Life } from '../../src/testing/fakes/life.ts';
import { logUntilDeath } from '../../src/testing/fakes/log.ts';
import type { FakeNetwork } from '../../src/testing/fakes/network.ts';
import { lifeTimer } from '../../src/testing/fakes/worker.ts';
import { protocol } from './protocol.ts';
import { chance } from './random.ts';

/** What is done to a command takes this long, so that a server can die on it. */
const WORK_MS = 20;

/** An accepted command, in the order of acceptance, whichever server's log it is in. */
export interface Accepted {
  readonly n: number;
  readonly id: string;
  readonly principal: Principal;
}

/** The server: the real logic, on a log that outlives it. It is killed, started again, and may lose its memory. */
export class SimServer {
  /** All servers', and of all their logs. */
  readonly accepted: Accepted[] = [];
  /** How often a client was told that a command is refused for good, by n. */
  readonly refused = new Set<number>();
  readonly errors: string[] = [];
  /** When the last history was lost, by the time that has passed; `null`: never. */
  amnesias = 0;
  /** The only token that is taken. */
  token = 0;
  /** Whom a valid token stands for. */
  principal: Principal = 'ann';
  refusesCommands = false;
  readonly #clock: HandClock;
  readonly #network: FakeNetwork;
  readonly #attempts = new Map<number, number>();
  #log: EventLog;
  /** Its clock is not the browser's. */
  #aheadMs = 7_000;
  #epochs = 0;
  #sessions = 0;
  #life = new Life();
  #broker: Broker;
  /** Whether new sockets are taken. */
  isUp = true;

  /** Whether it remembers everything that is published. */
  readonly #isRoomy: boolean;
  /** The critical events that a client was to acknowledge. */
  readonly owed: { topic: string; epoch: string; offset: number; clientIds: string[] }[] = [];

  constructor(clock: HandClock, network: FakeNetwork, isRoomy: boolean) {
    this.#isRoomy = isRoomy;
    this.#clock = clock;
    this.#network = network;
    this.#log = this.#newLog();
    // It has been there for a while.
    this.#log.open({ now: this.#now() - 3_600_000, tailLimit: 4 });
    this.#broker = this.#start();
  }

  get log(): EventLog {
    return this.#log;
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
    if (!isUp) this.#network.cut();
  }

  /** Killed at this moment, and started again, as it was or with nothing. */
  restart(keepsHistory: boolean): void {
    this.#life.end();
    this.#network.cut();
    if (!keepsHistory) {
      this.amnesias++;
      this.#log = this.#newLog();
    }
    this.#broker = this.#start();
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

  expireToken(): void {
    this.token++;
    this.#broker.disconnect(this.principal);
  }

  #newLog(): EventLog {
    return memoryLog({
      historyEvents: this.#isRoomy ? 100_000 : 12,
      newEpoch: () => `epoch ${++this.#epochs}`,
    });
  }

  #start(): Broker {
    const clock = this.#clock;
    const life = new Life();
    this.#life = life;
    // `dedupe_since` is in milliseconds: what was accepted in this one must not seem to be remembered.
    this.#aheadMs++;
    const handlers = Object.fromEntries(
      Object.keys(protocol.commands).map((name) => [name, this.#handler(life)]),
    );
    const broker = new Broker({
      protocol,
      handlers,
      log: logUntilDeath(this.#log, life, (transactions, answer) => this.#note(transactions, answer)),
      countsConnections: true,
      newSession: () => `session ${++this.#sessions}`,
      acceptsVersion: () => true,
      authorize: async () => true,
      report: (error, about) => this.#report(error, about),
      clock: {
        now: () => this.#now(),
        setTimer: (delayMs, callback) => lifeTimer(clock, life, delayMs, callback),
      },
      limits: resolveLimits(
        this.#isRoomy
          ? {}
          : { missedLimit: 8, tailLimit: 4, resyncsPerMinute: 30, subscriptionsPerConnection: 30 },
      ),
    });
    this.#listen(broker);
    return broker;
  }

  #now(): number {
    return Date.UTC(2026, 0, 1) + this.#clock.elapsed + this.#aheadMs;
  }

  #listen(broker: Broker = this.#broker): void {
    const accepts = (token: string | undefined) => (token === String(this.token) ? this.principal : null);
    this.#network.server = this.isUp ? (peer) => broker.connect(peer, async (token) => accepts(token)) : null;
  }

  #handler(life: Life): AnyHandler {
    return async (command, context: AnyContext) => {
      const n = Number(command['n']);
      const attempt = (this.#attempts.get(n) ?? 0) + 1;
      this.#attempts.set(n, attempt);
      if (command.type === 'bad') throw this.#refusal(n);
      if (this.refusesCommands)
        throw new Reject('busy', 'come back later', { retry: true, retryAfterMs: 500 });
      if (command.type === 'later' && attempt <= 2)
        throw new Reject('not_yet', 'come back later', { retry: true });
      await new Promise<void>((done) => lifeTimer(this.#clock, life, chance(n, attempt) * WORK_MS, done));
      if (chance(n, attempt, 7) < 0.1) throw new Error('an effect failed');
      context.publish(context.topic ?? 'a', { type: 'ran', n });
      return { n };
    };
  }

  #refusal(n: number): Reject {
    this.refused.add(n);
    return new Reject('never', 'this is refused for good');
  }

  #report(error: unknown, about: string): void {
    if (String(error).includes('an effect failed')) return;
    this.errors.push(`${about}: ${String(error)}`);
  }

  #note(transactions: Parameters<EventLog['commit']>[0], answer: ReturnType<EventLog['commit']>): void {
    answer.then(
      (committed) => {
        for (const [i, { command, events }] of transactions.entries()) {
          const done = committed[i];
          if (done?.status !== 'committed') continue;
          for (const [j, { topic, owedBy }] of events.entries()) {
            const { epoch = '', event } = done.events[j] ?? {};
            const clientIds = owedBy.map(({ clientId }) => clientId);
            if (event?.critical) this.owed.push({ topic, epoch, offset: event.offset, clientIds });
          }
          if (!command) continue;
          for (const { event } of events) {
            const { type, n } = JSON.parse(event);
            if (type === 'ran') this.accepted.push({ n, id: command.id, principal: command.principal });
          }
        }
      },
      () => {},
    );
  }
}
