import type { PortCall } from '../../src/protocol/calls.ts';
import type { ClientFrame, ClientFrameOf, ServerFrame } from '../../src/protocol/frames/index.ts';
import { persistentType } from '../../src/protocol/interpret.ts';
import type { Connection, HubReport, Outcome } from '../../src/protocol/model.ts';
import type {
  AnyOutboxEntry,
  AttachRequest,
  Batch,
  OutgoingCommand,
  Position,
  Reply,
  TabItem,
  TopicUpdate,
} from '../../src/protocol/port.ts';
import type { AnyProtocol } from '../../src/protocol/types.ts';
import { Disk } from '../../testing/fakes/disk.ts';
import { StateDisk } from '../../testing/fakes/state-store.ts';
import { plainObjects } from '../../worker/core/dialect/plain.ts';
import type { PlainSupport } from '../../worker/core/dialect/plain-support.ts';
import { HubMachine } from '../../worker/core/hub-machine.ts';
import type { Effect, Input } from '../../worker/core/io.ts';
import { KeptStates } from '../../worker/core/saved-state/kept-states.ts';
import { Sessions } from '../../worker/core/sessions.ts';
import { type HubSettings, hubSettings } from '../../worker/core/settings.ts';
import type { StateAnswer, StateAsk } from '../../worker/core/state-store.ts';
import { StoreError, type StoreFailure } from '../../worker/core/store.ts';

export const START = Date.UTC(2026, 0, 1);

/** Ids given out by the tabs of all worlds on a disk. */
const ids = new WeakMap<Disk, number>();

/** One socket that the hub opened, and what it wrote there. The test is the server. */
export class WorldSocket {
  readonly generation: number;
  readonly url: string;
  readonly subprotocol: string | null;
  readonly texts: string[] = [];
  state: 'connecting' | 'open' | 'closing' | 'dropped' = 'connecting';
  bufferedBytes = 0;
  readonly #world: HubWorld;

  constructor(world: HubWorld, { generation, url, subprotocol }: Effect & { type: 'open_socket' }) {
    this.#world = world;
    this.generation = generation;
    this.url = url;
    this.subprotocol = subprotocol;
  }

  get frames(): ClientFrame[] {
    return this.texts.map((text) => JSON.parse(text) as ClientFrame);
  }

  /** Those of one type, in order. */
  sent<T extends keyof ClientFrameOf>(type: T): ClientFrameOf[T][] {
    return this.frames.filter((frame): frame is ClientFrameOf[T] => frame.type === type);
  }

  accept(): void {
    this.state = 'open';
    this.#world.feed({ type: 'socket_opened', generation: this.generation });
  }

  say(...frames: ServerFrame[]): void {
    for (const frame of frames) this.text(JSON.stringify(frame));
  }

  text(data: string): void {
    this.#hear(data);
  }

  bytes(data: Uint8Array<ArrayBuffer>): void {
    this.#hear(data);
  }

  #hear(data: string | Uint8Array<ArrayBuffer>): void {
    this.#world.feed({ type: 'socket_message', generation: this.generation, data });
  }

  welcome(fields: Partial<ServerFrame & { type: 'welcome' }> = {}): void {
    const now = this.#world.now;
    this.accept();
    this.say({
      type: 'welcome',
      session: `s${this.generation}`,
      principal: 'ann',
      server_time: now,
      dedupe_since: 0,
      ...fields,
    });
  }

  /** If that is what was written last. */
  answerPing(): void {
    const last = JSON.parse(this.texts.at(-1) ?? 'null') as ClientFrame | null;
    if (last?.type === 'ping') this.say({ type: 'pong', id: last.id });
  }

  close(code = 1006, reason = ''): void {
    this.state = 'dropped';
    this.#world.feed({ type: 'socket_closed', generation: this.generation, code, reason });
  }
}

/** One tab, and what reached it. */
export class WorldTab {
  readonly id: number;
  /** Whether each batch is credited at once. */
  autoCredit = true;
  /** Batches that came and were not credited. */
  owing = 0;
  readonly batches: Batch[] = [];
  readonly #world: HubWorld;
  #tickets = 0;

  constructor(world: HubWorld, id: number) {
    this.#world = world;
    this.id = id;
  }

  get connection(): Connection | undefined {
    return this.batches.findLast((batch) => batch.connection)?.connection;
  }

  get outbox(): AnyOutboxEntry[] {
    return this.batches.findLast((batch) => batch.outbox)?.outbox ?? [];
  }

  get settled(): { id: string; outcome: Outcome }[] {
    return this.batches.flatMap((batch) => batch.settled ?? []).map(({ id, outcome }) => ({ id, outcome }));
  }

  /** The newest question for a token. */
  get tokenRequest(): number {
    return this.batches.findLast(({ tokenRequest }) => tokenRequest !== undefined)?.tokenRequest ?? -1;
  }

  updates(topic: string): TopicUpdate[] {
    return this.batches.flatMap((batch) => batch.topics ?? []).filter((update) => update.topic === topic);
  }

  /** All that came as plain events. */
  events(topic: string): TabItem[] {
    return this.updates(topic).flatMap((update) => (update.kind === 'events' ? update.items : []));
  }

  snapshots(topic: string): (TopicUpdate & { kind: 'snapshot' })[] {
    return this.updates(topic).filter((update) => update.kind === 'snapshot');
  }

  status(topic: string) {
    return this.updates(topic).findLast((update) => update.kind === 'status')?.status;
  }

  credit(): void {
    if (this.owing === 0) return;
    this.owing--;
    this.#world.feed({ type: 'credit', tab: this.id });
  }

  /** The reply, where it came at once; see `calls` for one that takes time. */
  call(request: PortCall): Reply<unknown> | undefined {
    return this.#world.call(this.id, request).reply;
  }

  subscribe(topic: string, position: Position | null = null): number {
    const ticket = ++this.#tickets;
    this.call({ method: 'subscribe', topic, ticket, position });
    return ticket;
  }

  send(command: Partial<OutgoingCommand> & { command: OutgoingCommand['command'] }): {
    id: string;
    pending: PendingCall;
  } {
    const id = command.id ?? this.#world.uuid();
    const full: OutgoingCommand = {
      topic: null,
      priority: 'normal',
      dedupeKey: null,
      requireDurable: false,
      expiresAt: null,
      maybeSentMs: null,
      ...command,
      id,
    };
    return { id, pending: this.#world.call(this.id, { method: 'send', command: full }) };
  }

  leave(): void {
    this.#world.feed({ type: 'tab_gone', tab: this.id });
  }
}

export interface PendingCall {
  reply: Reply<unknown> | undefined;
}

/** The core alone in a world that the test moves by hand: clock, disk, sockets and tabs. */
export class HubWorld {
  /** Setting it sets the clock, or is a sleep. */
  now: number;
  /** As the worker counts by itself. */
  ticks = 0;
  readonly disk: Disk;
  readonly stateDisk: StateDisk;
  readonly hub: HubMachine;
  readonly protocol: AnyProtocol;
  readonly sockets: WorldSocket[] = [];
  readonly effects: Effect[] = [];
  /** Whether each ping is answered at once. */
  answersPings = false;
  /** How long it takes to hand out one batch; no time passes by it. */
  handOutMs = 0;
  /** Whether transactions complete at once; else `commitNext` does it. */
  autoCommit = true;
  readonly commits: (Effect & { type: 'commit' })[] = [];
  ended: string | null = null;
  readonly #calls = new Map<number, PendingCall>();
  readonly #tabs = new Map<number, WorldTab>();
  readonly #queue: Input[] = [];
  #busy = false;
  #stateWriter = 0;
  #stateOpenings = 0;
  #ids = 0;
  #uuids = 0;
  #seed = 1;

  constructor(
    protocol: AnyProtocol,
    options: {
      settings?: Partial<HubSettings>;
      disk?: Disk;
      stateDisk?: StateDisk;
      now?: number;
      ownershipId?: string;
      open?: boolean;
      /** Of a hub that was in this worker before. */
      sessions?: Sessions;
      plain?: PlainSupport;
    } = {},
  ) {
    this.protocol = protocol;
    this.disk = options.disk ?? new Disk();
    this.stateDisk = options.stateDisk ?? new StateDisk();
    this.now = options.now ?? START;
    this.hub = new HubMachine(
      {
        protocol,
        settings: hubSettings({ jitter: 'none', ...options.settings }),
        ownershipId: options.ownershipId ?? 'hub-1',
        identity: 'ann',
        sessions: options.sessions ?? new Sessions(),
        plain: options.plain ?? plainObjects,
        random: () => this.#random(),
        uuid: () => `00000000-0000-4000-8000-${(0xffff + this.#uuids++).toString(16).padStart(12, '0')}`,
        now: this.now,
        ticks: this.ticks,
      },
      persistentType(protocol) === undefined
        ? null
        : { createStates: (context, owner) => new KeptStates(context, owner) },
    );
    if (options.open ?? true) this.openStore();
  }

  /** The newest socket. */
  get socket(): WorldSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('the hub opened no socket');
    return socket;
  }

  get liveSockets(): WorldSocket[] {
    return this.sockets.filter(({ state }) => state !== 'dropped');
  }

  get report(): HubReport {
    const call = this.call(-1, { method: 'inspect' });
    if (!call.reply?.ok) throw new Error('no report');
    return call.reply.value as HubReport;
  }

  openStore(): void {
    const { failure } = this.disk;
    if (failure) this.feed({ type: 'store_failed', failure, message: 'as the test wants' });
    else this.feed({ type: 'store_opened', state: this.disk.load() });
  }

  attach(request: Partial<AttachRequest> = {}): WorldTab {
    const tab = new WorldTab(this, this.#tabs.size + 1);
    this.#tabs.set(tab.id, tab);
    const defaults: AttachRequest = {
      app: this.protocol.app,
      appVersion: this.protocol.version,
      identity: 'ann',
      url: 'ws://test/ws',
      dialect: 'trunkline.v1',
      lease: `lease-${tab.id}`,
      visible: true,
      hasToken: false,
    };
    this.feed({ type: 'tab_attached', tab: tab.id, request: { ...defaults, ...request } });
    return tab;
  }

  call(tab: number, request: PortCall): PendingCall {
    const call = ++this.#ids;
    const pending: PendingCall = { reply: undefined };
    this.#calls.set(call, pending);
    this.feed({ type: 'call', tab, call, request });
    return pending;
  }

  uuid(): string {
    const id = (ids.get(this.disk) ?? 0) + 1;
    ids.set(this.disk, id);
    return `00000000-0000-4000-8000-${id.toString(16).padStart(12, '0')}`;
  }

  /** Completes the oldest transaction, or fails it. */
  commitNext(failure: StoreFailure | null = null): void {
    const commit = this.commits.shift();
    if (!commit) throw new Error('no transaction is under way');
    const { transaction, content } = commit;
    if (failure)
      return this.feed({ type: 'commit_failed', transaction, failure, message: 'as the test wants' });
    this.disk.apply(content.ops);
    this.feed({ type: 'committed', transaction });
  }

  /** Lets time pass, deadline by deadline. */
  advance(ms: number): void {
    const until = this.now + ms;
    const pass = (to: number) => {
      this.ticks += Math.max(0, to - this.now);
      this.now = Math.max(this.now, to);
    };
    for (
      let next = this.hub.deadline;
      next !== null && next <= until && this.ended === null;
      next = this.hub.deadline
    ) {
      pass(next);
      this.feed({ type: 'deadline' });
    }
    pass(until);
    this.feed({ type: 'deadline' });
  }

  feed(input: Input): void {
    this.#queue.push(input);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const effects = this.hub.step(next, this.now, this.ticks);
      for (const effect of effects) this.#perform(effect);
      const ms = this.handOutMs * effects.filter(({ type }) => type === 'deliver').length;
      if (ms > 0) this.#queue.unshift({ type: 'handed_out', ms });
    }
    this.#busy = false;
  }

  #perform(effect: Effect): void {
    this.effects.push(effect);
    switch (effect.type) {
      case 'open_socket':
        if (this.liveSockets.length > 0) throw new Error('a second live socket');
        this.sockets.push(new WorldSocket(this, effect));
        break;
      case 'write': {
        const socket = this.#socketOf(effect.generation);
        if (socket.state !== 'open') throw new Error(`a write to a socket that is ${socket.state}`);
        socket.texts.push(String(effect.message));
        if (this.answersPings) socket.answerPing();
        break;
      }
      case 'close_socket':
        this.#socketOf(effect.generation).state = 'closing';
        break;
      case 'drop_socket':
        this.#socketOf(effect.generation).state = 'dropped';
        break;
      case 'measure_socket': {
        const { generation, bufferedBytes } = this.#socketOf(effect.generation);
        this.feed({ type: 'socket_measured', generation, bufferedBytes });
        break;
      }
      case 'commit':
        this.commits.push(structuredClone(effect));
        if (this.autoCommit) this.commitNext(this.disk.failure);
        break;
      case 'reopen_store':
        this.openStore();
        break;
      case 'saved_state':
        this.#askState(effect.ask);
        break;
      case 'deliver': {
        const tab = this.#tabs.get(effect.tab);
        if (!tab) throw new Error(`a batch for tab ${effect.tab}, which does not exist`);
        tab.batches.push(structuredClone(effect.batch));
        for (const report of effect.batch.reports ?? [])
          if (report.kind === 'error' && report.code === 'hub_lost') throw new Error(report.message);
        tab.owing++;
        if (tab.autoCredit) tab.credit();
        break;
      }
      case 'reply': {
        const pending = this.#calls.get(effect.call);
        if (!pending || pending.reply) throw new Error('a reply to no call, or a second one');
        pending.reply = structuredClone(effect.reply);
        break;
      }
      case 'end':
        this.ended = effect.reason;
    }
  }

  /** Answered when the disk is free. */
  #askState(ask: StateAsk): void {
    if (ask.ask === 'open') this.#stateOpenings++;
    const opening = this.#stateOpenings;
    this.stateDisk.whenFree(() => {
      if (opening !== this.#stateOpenings) return;
      try {
        this.feed({ type: 'saved_state', answer: this.#stateAnswer(ask) });
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        const { failure, message } = error;
        const write = ask.ask === 'commit' ? { write: ask.write } : {};
        this.feed({ type: 'saved_state', answer: { answer: 'failed', failure, message, ...write } });
      }
    });
  }

  #stateAnswer(ask: StateAsk): StateAnswer {
    switch (ask.ask) {
      case 'open': {
        const { saved, writer } = this.stateDisk.open(ask.owner);
        this.#stateWriter = writer;
        return { answer: 'opened', saved };
      }
      case 'load':
        return {
          answer: 'loaded',
          topic: ask.topic,
          saved: this.stateDisk.load(ask.topic, this.#stateWriter),
        };
      case 'commit':
        this.stateDisk.commit(ask.op, this.#stateWriter);
        return { answer: 'committed', write: ask.write };
    }
  }

  #socketOf(generation: number): WorldSocket {
    const socket = this.sockets.find((candidate) => candidate.generation === generation);
    if (!socket) throw new Error(`no socket of generation ${generation}`);
    return socket;
  }

  /** Park and Miller's generator: the same numbers in every run. */
  #random(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }
}
