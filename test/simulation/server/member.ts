import type { Broker } from '../../../src/server/core/broker.ts';
import type { Inbound, Peer } from '../../../src/server/core/peer.ts';
import type { Principal } from '../../../src/server/log/event-log.ts';
import { ReplicatedLog } from '../../../src/server/replicated/replicated-log.ts';
import type { ManualClock } from '../../../testing/fakes/clock.ts';
import { Lifetime, lifetimeTimer } from '../../../testing/fakes/lifetime.ts';
import type { Wire } from '../../../testing/fakes/network.ts';
import { loadDump } from '../../support/load-dump.ts';
import { MemoryEngine, type MemoryLogService } from '../../support/memory-engine.ts';
import type { Application, ServerProcess } from './application.ts';
import { FallibleProjection } from './fallible-projection.ts';

/** What a server says that reads of another one that it has not the same. */
const NOT_THE_SAME = 'has applied other records';
/** What an engine takes: more than an event may have. */
const RECORD_BYTES = 4_000_000;
/** So few that dumps are made all the time, and the log is trimmed behind whoever stalls for a while. */
const RECORDS_PER_DUMP = 20;

export interface MemberOptions {
  readonly service: MemoryLogService;
  readonly application: Application;
  readonly clock: ManualClock;
  /** What it goes on from. `null`: what the log holds. */
  readonly dump: Iterable<string> | null;
  readonly historyEvents: number;
  readonly newName: () => string;
  /** By its own clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** One of several servers on a log, from its start to its end. */
export class Member {
  readonly engine: MemoryEngine;
  readonly projection = new FallibleProjection();
  readonly #process: ServerProcess;
  readonly #life = new Lifetime();
  readonly #log: ReplicatedLog;
  readonly #wires = new Set<Wire>();

  constructor({ service, application, clock, dump, historyEvents, newName, now }: MemberOptions) {
    this.engine = new MemoryEngine(service, RECORD_BYTES);
    if (dump) loadDump(this.projection, dump);
    const onTrouble = (error: unknown) => {
      if (error !== null && !this.isDead) application.report(error, 'following the log');
    };
    const { engine, projection } = this;
    const recordsPerDump = RECORDS_PER_DUMP;
    const options = { engine, projection, historyEvents, recordsPerDump, newName, onTrouble };
    this.#log = new ReplicatedLog(options, {
      setTimer: (delayMs, callback) => lifetimeTimer(clock, this.#life, delayMs, callback),
    });
    const isExpected = (text: string) => projection.isAstray && text.includes(NOT_THE_SAME);
    this.#process = application.start({ log: this.#log, life: this.#life, now, isExpected });
    projection.rechecked = (principal) => this.#process.readers.rechecked(principal);
  }

  get broker(): Broker {
    return this.#process.broker;
  }

  get isDead(): boolean {
    return this.#life.isDead;
  }

  /** Whether what it knows is not what the others know, or will not be. */
  get isAstray(): boolean {
    return this.projection.isAstray;
  }

  /** As a balancer sees it. */
  get takesSockets(): boolean {
    return !this.isDead && !this.isAstray && !this.broker.closing;
  }

  /**
   * It comes to something else than the others, by the next commit. Cut off from clients, and from writing: whoever is served by a
   * server that is wrong, and has not noticed it yet, is told what is wrong.
   */
  goAstray(): void {
    this.projection.goAstray();
    this.engine.forbidWriting();
    this.#cut();
  }

  /** One record more, whatever it says. */
  async write(): Promise<void> {
    await this.#log.prune(0);
  }

  accept(peer: Peer, wire: Wire): Inbound {
    this.#wires.add(wire);
    return this.#process.connect(peer);
  }

  recheck(principal: Principal): void {
    this.#process.recheck(principal);
  }

  /** Abruptly, with its sockets. What it was about to append is in the log, or is not. */
  kill(): void {
    this.#life.end();
    void this.engine.close();
    this.#cut();
  }

  /** Once its broker has come to its end. */
  async end(): Promise<void> {
    await this.#log.close();
    this.kill();
  }

  #cut(): void {
    for (const wire of this.#wires) wire.cut();
    this.#wires.clear();
  }
}
