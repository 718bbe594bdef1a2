import { expose, type Remote } from 'comlink';
import type { HubPort } from '../../../src/protocol/calls.ts';
import type { Diagnosis, HubReport, Outcome } from '../../../src/protocol/model.ts';
import type {
  AnyOutboxEntry,
  Attached,
  AttachRequest,
  Batch,
  OutgoingCommand,
  Position,
  Reply,
  SnapshotUpdate,
  TabItem,
  TabSink,
} from '../../../src/protocol/port.ts';

/** What a page gives the client, as far as Node does not have it. */
export function installPage(): {
  window: EventTarget;
  document: EventTarget & { visibilityState: string };
  remove(): void;
} {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const location = { href: 'https://example.test/app/index.html' };
  Object.assign(globalThis, { window, document, location });
  return {
    window,
    document,
    remove() {
      const names = ['window', 'document', 'location', 'requestAnimationFrame', 'cancelAnimationFrame'];
      for (const name of names) Reflect.deleteProperty(globalThis, name);
    },
  };
}

type Call = { [M in keyof HubPort]: { method: M; args: Parameters<HubPort[M]> } }[keyof HubPort];

/**
 * A scripted hub behind a real port and a real Comlink, with real locks: it records what it is asked, and says what the
 * test tells it to.
 */
export class FakeHub implements HubPort {
  readonly id: string;
  readonly calls: Call[] = [];
  /** Calls of these methods are never answered. */
  readonly mute = new Set<keyof HubPort>();
  /** Calls of these methods are refused so. */
  readonly refused = new Map<keyof HubPort, Reply<never>>();
  readonly outcomes = new Map<string, Outcome>();
  /** Of commands that are not among these. */
  defaultOutcome: Outcome | null = null;
  sendReply: Reply<{ durable: boolean }> = { ok: true, value: { durable: true } };
  retryReply: Reply<{ durable: boolean }> = { ok: true, value: { durable: true } };
  #sink: Remote<TabSink> | undefined;
  readonly #end = new AbortController();
  #lease: Promise<void> | undefined;
  readonly #held = new Map<keyof HubPort, Promise<void>>();
  readonly #ports: MessagePort[] = [];

  constructor(id: string = crypto.randomUUID()) {
    this.id = id;
  }

  /** What `options.worker` returns: a SharedWorker as the client sees it. */
  connect(): SharedWorker {
    const { port1, port2 } = new MessageChannel();
    this.#ports.push(port1);
    expose(this, port1);
    return Object.assign(new EventTarget(), { port: port2, onerror: null });
  }

  /** Calls of this method are answered when the returned function is called. */
  hold(method: keyof HubPort): () => void {
    let end = () => {};
    this.#held.set(method, new Promise<void>((resolve) => (end = resolve)));
    return () => end();
  }

  /** As when its process is killed: its lock is released, and nobody answers. */
  die(): void {
    this.#end.abort();
    for (const port of this.#ports) port.close();
  }

  called<M extends keyof HubPort>(method: M): Parameters<HubPort[M]>[] {
    return this.calls.flatMap((call) =>
      call.method === method ? [call.args as Parameters<HubPort[M]>] : [],
    );
  }

  /** The commands that it was given. */
  get sent(): OutgoingCommand[] {
    return this.called('send').flatMap(([commands]) => [...commands]);
  }

  get hasTab(): boolean {
    return this.#sink !== undefined;
  }

  /** Resolves with the tab's credit. */
  async deliver(batch: Omit<Batch, 'hub'>): Promise<void> {
    if (!this.#sink) throw new Error('no tab has attached');
    await this.#sink.deliver({ hub: this.id, ...batch });
  }

  deliverAs(hub: string, batch: Omit<Batch, 'hub'>): void {
    this.#sink?.deliver({ hub, ...batch });
  }

  async attach(request: AttachRequest, sink: TabSink): Promise<Reply<Attached>> {
    const reply = this.#reply<Attached>('attach', [request, sink], {
      hub: this.id,
      lease: `test:hub:${this.id}`,
    });
    this.#sink = sink as unknown as Remote<TabSink>;
    this.#lease ??= this.#holdLease();
    await this.#lease;
    return reply;
  }
  detach() {
    return this.#reply('detach', [], null);
  }
  subscribe(topic: string, ticket: number, position: Position | null) {
    return this.#reply('subscribe', [topic, ticket, position], null);
  }
  unsubscribe(topic: string) {
    return this.#reply('unsubscribe', [topic], null);
  }
  took(
    topic: string,
    epoch: string,
    taken: readonly number[],
    failed: readonly number[],
    ts?: readonly number[],
  ) {
    return this.#reply('took', [topic, epoch, taken, failed, ts], null);
  }
  async send(commands: readonly OutgoingCommand[]): Promise<Reply<{ durable: boolean }>[]> {
    await this.#reply('send', [commands], null);
    return commands.map(() => this.sendReply);
  }
  cancel(id: string) {
    return this.#reply('cancel', [id], true);
  }
  async retry(...args: Parameters<HubPort['retry']>): Promise<Reply<{ durable: boolean }>> {
    const [id] = args;
    await this.#reply('retry', args, null);
    if (this.retryReply.ok) this.outcomes.delete(id);
    return this.retryReply;
  }
  dismiss(...args: Parameters<HubPort['dismiss']>) {
    return this.#reply('dismiss', args, null);
  }
  settled(id: string) {
    return this.#reply('settled', [id], this.outcomes.get(id) ?? this.defaultOutcome);
  }
  reconnect() {
    return this.#reply('reconnect', [], null);
  }
  signOut(discard: boolean) {
    return this.#reply<AnyOutboxEntry[]>('signOut', [discard], []);
  }
  async ping() {
    if (this.mute.has('ping')) return await new Promise<never>(() => {});
    return { ok: true, value: null } as const;
  }
  inspect() {
    return this.#reply('inspect', [], { hub: this.id } as HubReport);
  }
  forget(topic: string) {
    return this.#reply('forget', [topic], null);
  }
  signal(signal: 'online' | 'visible' | 'hidden') {
    return this.#reply('signal', [signal], null);
  }
  token(request: number, answer: { token: string | null } | { failed: string }) {
    return this.#reply('token', [request, answer], null);
  }

  diagnosed(outage: number, diagnosis: Diagnosis) {
    return this.#reply('diagnosed', [outage, diagnosis], null);
  }

  #holdLease(): Promise<void> {
    return new Promise((granted) => {
      navigator.locks.request(`test:hub:${this.id}`, () => {
        granted();
        return new Promise<void>((release) => {
          this.#end.signal.addEventListener('abort', () => release());
        });
      });
    });
  }

  #reply<T>(method: keyof HubPort, args: unknown[], value: T): Promise<Reply<T>> {
    this.calls.push({ method, args } as Call);
    if (this.mute.has(method)) return new Promise(() => {});
    const held = this.#held.get(method) ?? Promise.resolve();
    return held.then(() => this.refused.get(method) ?? { ok: true, value });
  }
}

export function item(offset: number, event: TabItem['event'], more: Partial<TabItem> = {}): TabItem {
  return {
    offset,
    ts: 1_000 + offset,
    key: null,
    gone: false,
    critical: false,
    replayed: false,
    event,
    ...more,
  };
}

export function snapshot(
  topic: string,
  ticket: number | null,
  offset: number,
  more: Partial<SnapshotUpdate> = {},
): SnapshotUpdate {
  return {
    kind: 'snapshot',
    topic,
    ticket,
    epoch: 'e1',
    offset,
    ts: 1_000 + offset,
    part: 0,
    last: true,
    events: [],
    missed: [],
    ...more,
  };
}
