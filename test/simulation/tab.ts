import { createClientOn } from '../../src/client/create-client.ts';
import type { Client, OutboxEntry } from '../../src/index.ts';
import { createOneTab } from '../../src/one-tab/one-tab.ts';
import type { FakePage } from '../../testing/fakes/page.ts';
import type { Account, Act, Receipt, Wish } from './account.ts';
import type { Build } from './actions.ts';
import type { Ledger } from './ledger.ts';
import { Listener } from './listener.ts';
import type { OnceLog } from './once-log.ts';
import type { Who } from './people.ts';
import { newerProtocol, protocol, type SimProtocol, TOPICS } from './protocol.ts';

/** What a page is of and does. */
export interface TabOptions {
  readonly number: number;
  readonly build: Build;
  readonly who: Who;
  readonly page: FakePage;
  readonly ledger: Ledger;
  readonly isPlain: boolean;
  /** What one tab of each person takes. */
  readonly once: OnceLog;
  readonly token: () => string | null | Promise<string | null>;
}

/** One page of the application, with the real client, and a record of what it was told. */
export class SimTab {
  readonly number: number;
  readonly build: Build;
  readonly who: Who;
  readonly page: FakePage;
  readonly client: Client<SimProtocol>;
  /** By topic: of each kind of listener one. */
  readonly listeners = new Map<string, Listener[]>();
  readonly errors: string[] = [];
  /** By topic: what it was told to be missing, over all hubs that it had. */
  readonly losses = new Map<string, Losses>();
  /** It was away for a while, so that its hub may have forgotten it. */
  wasCached = false;
  /** By id: how often it was told that it has ended. */
  readonly endings = new Map<string, number>();
  /** Of each topic the place at which it was given the state first, and how long the world had been there. */
  readonly begunAt = new Map<string, { epoch: string; offset: number; at: number }>();
  /** Its client was closed, or its person has signed out: it is to do nothing any more. */
  isOver = false;
  /** It was there, or came, while its person signed out: nobody knows which of the two sessions it belongs to. */
  isDoubtful = false;
  readonly #ledger: Ledger;
  readonly #latest = new Map<string, { get(): ReadonlyMap<string, unknown> }>();
  readonly #views = new Map<string, { get(): ReadonlyMap<string, unknown> }>();

  constructor({ number, build, who, page, ledger, token, isPlain, once }: TabOptions) {
    this.number = number;
    this.build = build;
    this.who = who;
    this.page = page;
    this.#ledger = ledger;
    // The commands' names are the same; of a newer build's fields `send` takes care.
    const spoken = build === 'newer' ? (newerProtocol as unknown as SimProtocol) : protocol;
    this.client = createClientOn(page, spoken, {
      url: '/ws',
      identity: who,
      ...(isPlain && { dialect: { plain: { acks: true, heartbeat: true } } }),
      worker: () => {
        throw new Error('the page starts its own');
      },
      token,
      log: 'silent',
      onError: (error) => {
        // Listeners throw by design, and histories are short, or forgotten.
        if (error.code === 'listener' || error.code === 'events_missing') return;
        // A server that was restored, and whose clock was set back, says an earlier time than before: a hub has to notice.
        if (error.code === 'server_inconsistent' && ledger.circumstances.serverForgot) return;
        this.errors.push(`${error.code}: ${error.message}`);
      },
    });
    this.client.outbox.subscribe(() => {});
    this.client.outbox.onSettled(({ id, command, outcome }) => {
      this.endings.set(id, (this.endings.get(id) ?? 0) + 1);
      ledger.told(command, outcome);
    });
    const oneTab = createOneTab(page);
    this.client.outbox.onSettled((settled) => {
      once.heard(this, settled);
      const take = oneTab<[typeof settled]>(`settled:${who}`, (about) => once.take(this, about));
      return take(settled).catch(() => {});
    });
    this.client.connection.subscribe(() => {});
    for (const name of TOPICS) this.#listen(name);
  }

  get seen() {
    return [...this.listeners.values()].flat().flatMap(({ seen }) => seen);
  }

  /** Some topic may not be read, as the page was told last. */
  get isRefused(): boolean {
    return TOPICS.some((topic) => this.client.topic(topic).status.get().state === 'refused');
  }

  /** The state by key, as the page shows it. */
  state(topic: string): Record<string, unknown> {
    return Object.fromEntries(this.#latest.get(topic)?.get() ?? []);
  }

  /** The same, folded by the application itself. */
  folded(topic: string): Record<string, unknown> {
    return Object.fromEntries(this.#views.get(topic)?.get() ?? []);
  }

  /** A person asks for a connection now; a client that is over refuses. */
  reconnect(): void {
    try {
      this.client.reconnect();
    } catch (error) {
      if (Object(error).code !== 'closed') throw error;
    }
  }

  async send(account: Account): Promise<void> {
    const { n, command, topic, key, requireDurable } = account;
    const payload = {
      n,
      ...(command === 'choose' && { gate: key ?? '' }),
      ...(command === 'turn' && { knob: key ?? '' }),
      ...(command === 'note' && this.build === 'newer' && { by: this.who }),
    };
    try {
      // Each command has its own payload; which one it is, is only known here.
      const send = this.client.send as (type: string, payload: object, options: object) => Promise<Answer>;
      const answer = await send(command, payload, { topic, ...(requireDurable && { requireDurable }) });
      account.taken(answer.id, answer.durable);
      this.#promised(account, answer);
    } catch (error) {
      account.refused(String(Object(error).code ?? error));
    }
  }

  /** What a person does about an entry of the outbox. */
  async act(wish: Wish, entry: OutboxEntry<SimProtocol>): Promise<void> {
    const account = this.#ledger.of(entry.command);
    const act: Act = { wish, seen: entry.state, answer: 'open' };
    account?.acts.push(act);
    if (account && wish === 'retry') account.isWithdrawn = false;
    try {
      const answer = await this.client.outbox[wish](entry.id);
      act.answer = answer === false ? 'refused' : 'done';
      if (wish === 'cancel' && answer === true) account?.told('cancelled');
      if (wish === 'cancel' && answer === false) this.#withdrawn(account, entry.id);
      if (account && typeof answer === 'object') this.#promised(account, answer);
    } catch (error) {
      const { code } = Object(error);
      act.answer = code === 'hub_lost' || code === 'unconfirmed' ? 'unknown' : 'refused';
    }
  }

  #withdrawn(account: Account | undefined, id: string): void {
    const entry = this.client.outbox.get().find((one) => one.id === id);
    if (account && entry?.state === 'withdrawing') account.isWithdrawn = true;
  }

  #told(topic: string, { dropped, gaps }: { dropped: number; gaps: number }): void {
    const { hub } = this.page;
    const last = this.losses.get(topic) ?? { hub, before: 0, dropped: 0, hasGap: false };
    const isSame = last.hub === hub && dropped >= last.dropped;
    const before = isSame ? last.before : last.before + last.dropped;
    this.losses.set(topic, { hub, before, dropped, hasGap: last.hasGap || gaps > 0 });
  }

  #promised(account: Account, { durable, outcome }: Pick<Answer, 'durable' | 'outcome'>): void {
    const receipt: Receipt = { tab: this.number, durable, outcome: null };
    account.receipts.push(receipt);
    outcome.then((how) => {
      receipt.outcome = how;
      account.told(how.status);
    });
  }

  #listen(name: string): void {
    const topic = this.client.topic(name);
    topic.status.subscribe((status) => {
      if (status.state === 'live' && !this.begunAt.has(name)) {
        const { epoch, offset } = status;
        this.begunAt.set(name, { epoch, offset, at: this.page.uptime() });
      }
      if ('dropped' in status) this.#told(name, status);
    });
    const latest = topic.latest(['node', 'gate', 'tally']);
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
    const kinds = ['missed', this.number % 2 === 0 ? 'state' : 'none'] as const;
    this.listeners.set(
      name,
      kinds.map((replay) => new Listener(this.number, topic, replay)),
    );
  }
}

interface Losses {
  /** Who counts: each hub does from 0, and begins again with a page that comes back. */
  readonly hub: string | null;
  readonly before: number;
  readonly dropped: number;
  readonly hasGap: boolean;
}

type Answer = Awaited<ReturnType<Client<SimProtocol>['outbox']['retry']>>;
