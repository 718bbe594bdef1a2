import { createClientOn } from '../../src/client/create-client.ts';
import type { Client, OutboxEntry, Outcome } from '../../src/index.ts';
import type { FakePage } from '../../src/testing/fakes/page.ts';
import type { Build } from './actions.ts';
import type { CommandName } from './protocol.ts';
import { newerProtocol, protocol, TOPICS } from './protocol.ts';
import { chance } from './random.ts';

type P = typeof protocol;

/** One `send`, and what the application was told of it. */
export interface Sent {
  readonly n: number;
  readonly command: CommandName;
  readonly topic: string;
  readonly tab: number;
  state:
    | { is: 'asked' }
    | { is: 'refused'; code: string }
    | { is: 'answered'; id: string; durable: boolean }
    | { is: 'settled'; id: string; durable: boolean; outcome: Outcome };
}

/** What one listener was given. */
export interface Seen {
  readonly topic: string;
  readonly offset: number;
  /** The server's clock: with it an offset is known from the same one of another epoch. */
  readonly ts: number;
  readonly critical: boolean;
  readonly took: boolean;
}

/** One page of the application, with the real client, and a record of what it was told. */
export class SimTab {
  readonly number: number;
  readonly build: Build;
  readonly page: FakePage;
  readonly client: Client<P>;
  readonly seen: Seen[] = [];
  readonly errors: string[] = [];
  /** The offset at which it was given each topic's state first. */
  readonly begunAt = new Map<string, number>();
  readonly #tries = new Map<string, number>();
  readonly #latest = new Map<string, { get(): ReadonlyMap<string, unknown> }>();
  readonly #views = new Map<string, { get(): ReadonlyMap<string, unknown> }>();

  constructor(number: number, build: Build, page: FakePage, token: () => string) {
    this.number = number;
    this.build = build;
    this.page = page;
    this.client = createClientOn(page, build === 'newer' ? newerProtocol : protocol, {
      url: '/ws',
      identity: 'ann',
      worker: () => {
        throw new Error('the page starts its own');
      },
      token,
      log: 'silent',
      onError: (error) => {
        if (error.code !== 'listener') this.errors.push(`${error.code}: ${error.message}`);
      },
    });
    this.client.outbox.subscribe(() => {});
    this.client.connection.subscribe(() => {});
    for (const name of TOPICS) this.#listen(name);
  }

  /** The state by key, as the page shows it. */
  state(topic: string): Record<string, unknown> {
    return Object.fromEntries(this.#latest.get(topic)?.get() ?? []);
  }

  /** The same, folded by the application itself. */
  folded(topic: string): Record<string, unknown> {
    return Object.fromEntries(this.#views.get(topic)?.get() ?? []);
  }

  async send(n: number, command: CommandName, topic: string, record: (sent: Sent) => void): Promise<void> {
    const sent: Sent = { n, command, topic, tab: this.number, state: { is: 'asked' } };
    record(sent);
    try {
      const receipt = await this.client.send(command, { n }, { topic });
      const { id, durable } = receipt;
      sent.state = { is: 'answered', id, durable };
      receipt.outcome.then((outcome) => {
        sent.state = { is: 'settled', id, durable, outcome };
      });
    } catch (error) {
      sent.state = { is: 'refused', code: String(Object(error).code ?? error) };
    }
  }

  /** What a person does about an entry of the outbox. */
  async act(wants: 'cancel' | 'retry' | 'dismiss', entry: OutboxEntry<P>): Promise<unknown> {
    const { outbox } = this.client;
    try {
      return await outbox[wants](entry.id);
    } catch (error) {
      return error;
    }
  }

  #listen(name: string): void {
    const topic = this.client.topic(name);
    topic.status.subscribe((status) => {
      if (status.state === 'live' && !this.begunAt.has(name)) this.begunAt.set(name, status.offset);
    });
    const latest = topic.latest(['node', 'gate']);
    latest.subscribe(() => {});
    this.#latest.set(name, latest);
    const view = topic.view<ReadonlyMap<string, unknown>>(new Map(), (state, event) => {
      if (event.type !== 'node') return state;
      const next = new Map(state);
      if (event.state === 'gone') next.delete(event.id);
      else next.set(event.id, event);
      return next;
    });
    view.subscribe(() => {});
    this.#views.set(name, view);
    topic.on(['node', 'line', 'gate', 'alarm', 'ran'], (_event, { offset, ts, critical }) => {
      const tried = (this.#tries.get(`${name} ${offset}`) ?? 0) + 1;
      this.#tries.set(`${name} ${offset}`, tried);
      const took = !critical || tried > 2 || chance(this.number, offset, tried) < 0.8;
      this.seen.push({ topic: name, offset, ts, critical, took });
      if (!took) throw new Error('not now');
    });
  }
}
