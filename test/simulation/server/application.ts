import { definedApplication } from '../../../src/server/core/application.ts';
import { Broker } from '../../../src/server/core/broker.ts';
import { resolveLimits } from '../../../src/server/core/limits.ts';
import type { Inbound, Peer } from '../../../src/server/core/peer.ts';
import type { EventLog, Principal } from '../../../src/server/log/event-log.ts';
import type { ManualClock } from '../../../testing/fakes/clock.ts';
import { type Lifetime, lifetimeTimer } from '../../../testing/fakes/lifetime.ts';
import { logUntilDeath } from '../../../testing/fakes/log.ts';
import type { Ledger } from '../ledger.ts';
import { serverProtocol } from '../protocol.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { COMMAND_LIMIT_MS, handler } from './handlers.ts';
import { FAULT } from './log.ts';
import { Readers } from './readers.ts';

/** What faults of the schedule are told as. */
const EXPECTED = [
  FAULT,
  'limits.commandMs',
  'was not so in the log',
  'the log took longer than',
  'the log is closed',
  'behind for too long',
  'the dump ends after',
  'is not there',
];

export interface ApplicationOptions {
  readonly clock: ManualClock;
  readonly ledger: Ledger;
  /** Whether its limits are never reached. */
  readonly isRoomy: boolean;
}

/** What a process of a server is made of: it ends, and its clock is its own. */
export interface ProcessOptions {
  readonly log: EventLog;
  readonly life: Lifetime;
  /** Milliseconds since 1970. */
  now(): number;
  /** Whether what it says follows from a fault of its own. */
  isExpected?(text: string): boolean;
}

/** A server that runs. */
export interface ServerProcess {
  readonly broker: Broker;
  readonly readers: Readers;
  connect(peer: Peer): Inbound;
  /** The rights of that person have changed. */
  recheck(principal: Principal): void;
}

/** What runs on every server: handlers, who may do what, and where it says what goes wrong. */
export class Application {
  readonly doorkeeper: Doorkeeper;
  /** Commands that some handler has refused for good, by n. */
  readonly refused = new Set<number>();
  readonly errors: string[] = [];
  refusesCommands = false;
  readonly #options: ApplicationOptions;
  readonly #attempts = new Map<number, number>();
  #sessions = 0;

  /** @param wait as long as the server lives that is asked who somebody is */
  constructor(options: ApplicationOptions, wait: (ms: number) => Promise<void>) {
    this.#options = options;
    this.doorkeeper = new Doorkeeper(wait);
  }

  start({ log, life, now, isExpected = () => false }: ProcessOptions): ServerProcess {
    const { clock, isRoomy, ledger } = this.#options;
    const application = this;
    const run = handler({
      attempts: this.#attempts,
      refused: this.refused,
      get refusesCommands() {
        return application.refusesCommands;
      },
      wait: (ms) => waitIn(clock, life, ms),
      running: new Map(),
      begins: (n) => ledger.of({ n })?.begins(clock.elapsed),
      elapsed: () => clock.elapsed,
      problem: (text) => void this.errors.push(text),
    });
    const readers = new Readers(
      this.doorkeeper,
      () => clock.elapsed,
      (text) => void this.errors.push(text),
    );
    const broker = new Broker({
      application: definedApplication(serverProtocol, () => run),
      log: logUntilDeath(log, life),
      countsConnections: true,
      newSession: () => `session ${++this.#sessions}`,
      acceptsVersion: () => true,
      authorize: (principal, topic, action) => this.doorkeeper.authorize(principal, topic, action),
      report: (error, about) => {
        if (!isExpected(String(error))) this.report(error, about);
      },
      clock: {
        now,
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
    return {
      broker,
      readers,
      connect: (peer) => {
        const { watched, authenticate } = readers.watch(peer);
        return broker.connect(watched, authenticate);
      },
      recheck: (principal) => {
        readers.rechecked(principal);
        broker.recheck(principal);
      },
    };
  }

  report(error: unknown, about: string): void {
    const text = String(error);
    if (EXPECTED.some((fault) => text.includes(fault))) return;
    this.errors.push(`${about}: ${text}`);
  }
}

export function waitIn(clock: ManualClock, life: Lifetime, ms: number): Promise<void> {
  return new Promise((done) => lifetimeTimer(clock, life, ms, done));
}
