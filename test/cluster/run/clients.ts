import { setTimeout as wait } from 'node:timers/promises';
import { createClientOn } from '../../../src/client/create-client.ts';
import type { Client } from '../../../src/index.ts';
import { FakeBrowser } from '../../../testing/fakes/browser.ts';
import { ManualClock } from '../../../testing/fakes/clock.ts';
import type { FakePage } from '../../../testing/fakes/page.ts';
import { Random } from '../../simulation/random.ts';
import { RealNetwork } from './network.ts';
import { type Decision, protocol, TOPICS } from './protocol.ts';

const HUB = 'hub.js';
/** How many topics each client listens to. */
const LISTENS_TO = 3;
/** How late something may happen at most, where nothing stirs. */
const TICK_MS = 5;

export interface Sent extends Decision {
  readonly topic: string;
  /** It is in the client's store, or with its hub: it must arrive. Else it may. */
  isTaken: boolean;
}

/** An event that a page was given. */
export interface Heard extends Decision {
  readonly topic: string;
  readonly offset: number;
  readonly type: string;
}

export interface Person {
  /** @default one of each client's own */
  readonly principal?: string;
  /** Of the page. @default none, as of what is no browser */
  readonly origin?: string;
}

/** A browser with the real client and hub, on a store that outlives both. */
export class ClusterClient {
  readonly number: number;
  readonly principal: string;
  readonly topics: readonly string[];
  readonly sent: Sent[] = [];
  /** By page, in the order in which it was given them. */
  readonly heard: Heard[][] = [];
  readonly errors: string[] = [];
  /** Decisions of which no server could say what had become of them, so that a person was asked. */
  readonly asked = new Set<string>();
  /** Decisions of which it was told that they are accepted. */
  readonly accepted = new Set<number>();
  /** Decisions that were refused for good. */
  readonly refusals: string[] = [];
  readonly #browser: FakeBrowser;
  readonly #url: string;
  readonly #random: Random;
  readonly #shown = new Map<string, { get(): ReadonlyMap<string, Decision> }>();
  #page: FakePage | null = null;
  /** Of this page, and not taken yet. */
  #sending = 0;
  #client: Client<typeof protocol> | null = null;

  constructor(number: number, clock: ManualClock, url: string, person: Person = {}) {
    const random = new Random(number + 1);
    this.number = number;
    this.principal = person.principal ?? `person ${number}`;
    this.#random = random;
    this.#url = url;
    this.#browser = new FakeBrowser(clock, new RealNetwork(clock, person.origin), number + 1);
    this.#browser.random = () => random.next();
    this.topics = Array.from(
      { length: LISTENS_TO },
      (_, n) => TOPICS[(number + 7 * n) % TOPICS.length] ?? '',
    );
  }

  /** A page, and with it a hub, on what the store holds. */
  open(): void {
    const page = this.#browser.page(HUB, () => ({ protocol }));
    const client = createClientOn(page, protocol, {
      url: this.#url,
      identity: this.principal,
      token: () => this.principal,
      worker: () => {
        throw new Error('the page starts its own');
      },
      log: 'silent',
      onError: (error) => {
        if (error.code !== 'events_missing') this.errors.push(`${error.code}: ${error.message}`);
      },
    });
    const heard: Heard[] = [];
    this.heard.push(heard);
    for (const topic of this.topics) {
      client
        .topic(topic)
        .on(['ran', 'newest', 'alarm'], ({ type, client: from, n }, { offset }) =>
          heard.push({ topic, type, offset, client: from, n }),
        );
      const latest = client.topic(topic).latest('newest');
      latest.subscribe(() => {});
      this.#shown.set(topic, latest);
    }
    client.outbox.onSettled(({ command, outcome }) => {
      if (outcome.status === 'accepted') this.accepted.add(command.n);
      else this.refusals.push(`${JSON.stringify(command)}: ${outcome.status}`);
    });
    // As a person does who is asked.
    client.outbox.subscribe((entries) => {
      for (const { id, state } of entries) {
        if (state !== 'uncertain' || this.asked.has(id)) continue;
        this.asked.add(id);
        void client.outbox.retry(id).catch(() => this.asked.delete(id));
      }
    });
    this.#page = page;
    this.#sending = 0;
    this.#client = client;
  }

  /** Sends one decision. */
  decide(n: number): void {
    const topic = TOPICS[this.#random.int(TOPICS.length)] ?? '';
    const sent: Sent = { topic, client: this.number, n, isTaken: false };
    this.sent.push(sent);
    const page = this.#page;
    this.#sending += 1;
    // Where the page dies meanwhile, it may be there all the same.
    void this.#client?.send('decide', { client: this.number, n }, { topic }).then(() => {
      sent.isTaken = true;
      if (this.#page === page) this.#sending -= 1;
    });
  }

  /** Page and hub end without a word, and others begin on the same store. */
  restart(): void {
    this.#browser.worker(HUB)?.kill();
    this.#page?.crash();
    this.open();
  }

  /** It is left for good. */
  close(): void {
    this.#page?.close();
    this.#browser.worker(HUB)?.kill();
  }

  /** Decisions that are not answered. */
  get waiting(): number {
    return this.#sending + (this.#client?.outbox.get().length ?? 0);
  }

  /** How it stands, for a person. */
  get about(): string {
    const connection = this.#client?.connection.get();
    const outbox = this.#client?.outbox
      .get()
      .map(({ state, command, attempt }) => ({ state, command, attempt }));
    return `client ${this.number}: ${JSON.stringify({ connection, outbox })}`;
  }

  isCurrent(): boolean {
    return this.topics.every((topic) => this.#client?.topic(topic).status.get().state === 'live');
  }

  /** The newest decision of each client, as the page shows it. */
  state(topic: string): Record<string, number> {
    const latest = this.#shown.get(topic)?.get() ?? new Map<string, Decision>();
    return Object.fromEntries([...latest].map(([key, { n }]) => [key, n]));
  }
}

/** Lets time pass for all made browsers, as fast as it does: also while they work, however slow the machine is. */
export class Time {
  readonly clock = new ManualClock(Date.now());
  #isOver = false;
  readonly #begin = performance.now();
  readonly #running: Promise<void>;

  constructor() {
    this.clock.between = () => this.#pass();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  #pass(): void {
    this.clock.pass(Math.max(0, performance.now() - this.#begin - this.clock.elapsed));
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      this.#pass();
      await this.clock.advance(0);
      if (this.clock.untilNext > 0) await wait(Math.min(TICK_MS, this.clock.untilNext));
    }
  }
}
