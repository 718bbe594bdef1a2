/** What the testbed's server does with commands, and how a test moves it. */
import type { Typed } from '../src/protocol/interpret.ts';
import type { AnyProtocol, CommandOf, CommandType, EventInput } from '../src/protocol/types.ts';
import {
  type AnyContext,
  type AnyHandler,
  definedApplication,
  handlersByType,
} from '../src/server/core/application.ts';
import { Broker } from '../src/server/core/broker.ts';
import { resolveLimits } from '../src/server/core/limits.ts';
import type { CommandContext, Handlers } from '../src/server/handlers.ts';
import type { EventLog, Principal } from '../src/server/log/event-log.ts';
import { memoryLog } from '../src/server/log/memory-log.ts';
import { Reject, type RejectOptions } from '../src/server/reject.ts';
import type { ManualClock } from './fakes/clock.ts';
import { Lifetime, lifetimeTimer } from './fakes/lifetime.ts';
import { logUntilDeath } from './fakes/log.ts';
import type { FakeNetwork } from './fakes/network.ts';
import type { TaskQueue } from './task-queue.ts';

/** How the server is, as `createServer` of `trunkline/server` is told. */
export interface TestServerOptions<P> {
  /**
   * What the server does with each command: the handlers of your own server, or shorter ones. A command without a
   * handler is accepted; one that has a result must have a handler, which gives it.
   * @default every command is accepted
   */
  readonly commands?: Partial<Handlers<P>>;
  /**
   * Who holds the token that a tab gave; `null` for nobody: the hub is `unauthorized`. Asked at each connect.
   * @default everybody is `'anonymous'`
   */
  readonly authenticate?: (token: string | undefined) => Principal | null | Promise<Principal | null>;
  /** Whether a principal may read a topic, or send commands to it. @default everything is allowed */
  readonly authorize?: (
    principal: Principal,
    topic: string,
    action: 'read' | 'write',
  ) => boolean | Promise<boolean>;
}

/** A command that the server was asked to do. */
export type Received<P> = {
  [T in CommandType<P>]: Pick<CommandContext<P>, 'id' | 'attempt' | 'principal' | 'topic'> & {
    /** The output of the command's schema. */
    readonly command: CommandOf<P, T>;
  };
}[CommandType<P>];

/** What a command is refused with. */
export interface Refusal extends RejectOptions {
  /** For programs; the receipt's outcome and the outbox entry have it. */
  readonly code: string;
  /** For people. @default 'refused by the test' */
  readonly message?: string;
}

/**
 * The server in the test's hand: the real logic of `trunkline/server`, without sockets and on the test's clock. What
 * returns a promise resolves when everything has happened that follows from it and needs no time.
 */
export interface TestServer<P> {
  /**
   * What it was asked to do, in order, what it refused included. A command that comes again after the server has
   * accepted it is not here again: the server knows its id.
   */
  readonly received: readonly Received<P>[];
  /** Connections that are welcomed now: one for each identity, however many tabs there are. */
  readonly connections: number;
  /**
   * Publishes an event, after all that was begun before. Where nobody is connected it is in the log, for those who
   * come back.
   * @throws TypeError where it breaks its schema.
   */
  emit(topic: string, event: EventInput<P>): Promise<{ epoch: string; offset: number }>;
  /** Cuts every connection. Hubs come back after their backoff, which needs time: `advance`. */
  drop(): Promise<void>;
  /**
   * From now on nothing passes on the connections that there are, either way, and nobody is told: a lost network. Hubs
   * notice by their heartbeat (`advance`); new connections work.
   */
  vanish(): Promise<void>;
  /** Cuts every connection and takes no new one, until `start` or `restart`. What it remembers stays. */
  stop(): Promise<void>;
  /** Takes connections again. Hubs come back after their backoff, which needs time: `advance`. */
  start(): Promise<void>;
  /**
   * Killed in the middle of whatever it does, and started again. `history: false`: it has forgotten all events and
   * which commands it accepted, as a server without a durable log does. @default history: true
   */
  restart(options?: { readonly history?: boolean }): Promise<void>;
  /** Refuses commands of this type from now on, in their handler's place: for good, or with `retry: true` for now. */
  refuse(type: CommandType<P>, refusal: Refusal): void;
  /** Takes commands of this type again. */
  accept(type: CommandType<P>): void;
}

export class ScriptedServer<P extends AnyProtocol> implements TestServer<P> {
  readonly #protocol: P;
  readonly #options: TestServerOptions<P>;
  readonly #clock: ManualClock;
  readonly #network: FakeNetwork;
  readonly #queue: TaskQueue;
  readonly #report: (error: unknown) => void;
  readonly #received: Received<P>[] = [];
  readonly #refusals = new Map<string, Refusal>();
  #epochs = 0;
  #sessions = 0;
  #starts = 0;
  #log = this.#newLog();
  #life = new Lifetime();
  #broker: Broker;

  constructor(
    protocol: P,
    options: TestServerOptions<P>,
    world: { clock: ManualClock; network: FakeNetwork; queue: TaskQueue },
    report: (error: unknown) => void,
  ) {
    for (const [type, definition] of Object.entries<object>(protocol.commands)) {
      if (!('result' in definition) || Object.hasOwn(options.commands ?? {}, type)) continue;
      throw new TypeError(
        `createTestbed: the command ${JSON.stringify(type)} has a result; give \`commands\` a handler that returns one`,
      );
    }
    this.#protocol = protocol;
    this.#options = options;
    this.#clock = world.clock;
    this.#network = world.network;
    this.#queue = world.queue;
    this.#report = report;
    this.#broker = this.#run();
  }

  get received(): readonly Received<P>[] {
    return [...this.#received];
  }

  get connections(): number {
    return this.#broker.stats().connections;
  }

  async emit(topic: string, event: EventInput<P>): Promise<{ epoch: string; offset: number }> {
    // Who began to listen before hears it as an event, not as a part of the state.
    await this.#queue.next(() => {});
    const position = await this.#broker.publish(topic, event as unknown as Typed);
    await this.#queue.next(() => {});
    return position;
  }

  drop(): Promise<void> {
    return this.#queue.next(() => this.#network.cut());
  }

  vanish(): Promise<void> {
    return this.#queue.next(() => {
      for (const wire of this.#network.wires) wire.vanish();
    });
  }

  stop(): Promise<void> {
    return this.#queue.next(() => {
      this.#network.server = null;
      this.#network.cut();
    });
  }

  start(): Promise<void> {
    return this.#queue.next(() => this.#listen(this.#broker));
  }

  restart({ history = true }: { readonly history?: boolean } = {}): Promise<void> {
    return this.#queue.next(() => {
      this.#life.end();
      this.#network.cut();
      if (!history) this.#log = this.#newLog();
      this.#broker = this.#run();
    });
  }

  refuse(type: CommandType<P>, refusal: Refusal): void {
    this.#refusals.set(type, refusal);
  }

  accept(type: CommandType<P>): void {
    this.#refusals.delete(type);
  }

  /** For good. */
  end(): void {
    this.#life.end();
    this.#network.server = null;
    this.#network.cut();
  }

  #newLog(): EventLog {
    return memoryLog({ newEpoch: () => `epoch ${++this.#epochs}` });
  }

  #run(): Broker {
    const clock = this.#clock;
    const { authorize } = this.#options;
    const life = new Lifetime();
    this.#life = life;
    // A start takes time, if only a millisecond: the finest that the server tells "before it" and "after it" apart by.
    const aheadMs = this.#starts++;
    const types = Object.keys(this.#protocol.commands);
    const broker = new Broker({
      application: definedApplication(
        this.#protocol,
        handlersByType(Object.fromEntries(types.map((type) => [type, this.#handler(type)]))),
      ),
      log: logUntilDeath(this.#log, life),
      countsConnections: false,
      newSession: () => `session ${++this.#sessions}`,
      acceptsVersion: () => true,
      authorize: async (principal, topic, action) =>
        authorize ? (await authorize(principal, topic, action)) === true : true,
      report: this.#report,
      clock: {
        now: () => clock.now() + aheadMs,
        get elapsed() {
          return clock.elapsed;
        },
        setTimer: (delayMs, callback) => lifetimeTimer(clock, life, delayMs, callback),
      },
      limits: resolveLimits({}),
    });
    this.#listen(broker);
    return broker;
  }

  #listen(broker: Broker): void {
    const { authenticate = () => 'anonymous' } = this.#options;
    this.#network.server = (peer) => broker.connect(peer, async (token) => await authenticate(token));
  }

  #handler(type: string): AnyHandler {
    // By its name alone: `Partial<Handlers<P>>` has checked what the application gave.
    const handlers = (this.#options.commands ?? {}) as Record<string, AnyHandler | undefined>;
    return (command, context: AnyContext) => {
      const { id, attempt, principal, topic } = context;
      this.#received.push({ id, attempt, principal, topic, command } as unknown as Received<P>);
      const refusal = this.#refusals.get(type);
      if (refusal) throw new Reject(refusal.code, refusal.message ?? 'refused by the test', refusal);
      return handlers[type]?.(command, context);
    };
  }
}
