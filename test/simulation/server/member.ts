import type { Broker } from '../../../src/server/core/broker.ts';
import type { Inbound, Peer } from '../../../src/server/core/peer.ts';
import { MemoryProjection } from '../../../src/server/log/memory-projection.ts';
import { ReplicatedLog } from '../../../src/server/replicated/replicated-log.ts';
import type { ManualClock } from '../../../testing/fakes/clock.ts';
import { Lifetime, lifetimeTimer } from '../../../testing/fakes/lifetime.ts';
import type { Wire } from '../../../testing/fakes/network.ts';
import { MemoryEngine, type MemoryLogService } from '../../support/memory-engine.ts';
import type { Application } from './application.ts';

/** What an engine takes: more than an event may have. */
const RECORD_BYTES = 4_000_000;

export interface MemberOptions {
  readonly service: MemoryLogService;
  readonly application: Application;
  readonly clock: ManualClock;
  /** What it goes on from. `null`: the beginning of the log. */
  readonly dump: Iterable<string> | null;
  readonly historyEvents: number;
  readonly newName: () => string;
  /** By its own clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** One of several servers on a log, from its start to its end. */
export class Member {
  readonly engine: MemoryEngine;
  readonly projection = new MemoryProjection();
  readonly broker: Broker;
  readonly #application: Application;
  readonly #life = new Lifetime();
  readonly #log: ReplicatedLog;
  readonly #wires = new Set<Wire>();

  constructor({ service, application, clock, dump, historyEvents, newName, now }: MemberOptions) {
    this.#application = application;
    this.engine = new MemoryEngine(service, RECORD_BYTES);
    if (dump) this.projection.load(dump);
    const onTrouble = (error: unknown) => {
      if (error !== null) application.report(error, 'following the log');
    };
    const options = { engine: this.engine, projection: this.projection, historyEvents, newName, onTrouble };
    this.#log = new ReplicatedLog(options, {
      setTimer: (delayMs, callback) => lifetimeTimer(clock, this.#life, delayMs, callback),
    });
    this.broker = application.start({ log: this.#log, life: this.#life, now });
  }

  get isDead(): boolean {
    return this.#life.isDead;
  }

  /** As a balancer sees it. */
  get takesSockets(): boolean {
    return !this.isDead && !this.broker.closing;
  }

  accept(peer: Peer, wire: Wire): Inbound {
    this.#wires.add(wire);
    return this.broker.connect(peer, (token) => this.#application.doorkeeper.authenticate(token));
  }

  /** Abruptly, with its sockets. What it was about to append is in the log, or is not. */
  kill(): void {
    this.#life.end();
    void this.engine.close();
    for (const wire of this.#wires) wire.cut();
    this.#wires.clear();
  }

  /** Once its broker has come to its end. */
  async end(): Promise<void> {
    await this.#log.close();
    this.kill();
  }
}
