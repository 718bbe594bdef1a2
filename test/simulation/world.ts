import type { ClientFrame, ServerFrame } from '../../src/protocol/frames/index.ts';
import type { Batch } from '../../src/protocol/port.ts';
import { FakeBrowser } from '../../src/testing/fakes/browser.ts';
import { HandClock } from '../../src/testing/fakes/clock.ts';
import type { Disk } from '../../src/testing/fakes/disk.ts';
import { FakeNetwork, type Wire } from '../../src/testing/fakes/network.ts';
import type { Action, Build, SharedBuild } from './actions.ts';
import { newerProtocol, protocol, TOPICS } from './protocol.ts';
import { chance, Random } from './random.ts';
import { SimServer } from './server.ts';
import { type Sent, SimTab } from './tab.ts';

const SHARED: readonly SharedBuild[] = ['first', 'same', 'newer'];
const TABS_LIMIT = 4;

/** Everything of one run: a browser with its tabs, the network, the server; and what happened. */
export class World {
  readonly clock = new HandClock();
  readonly network = new FakeNetwork(this.clock);
  readonly browser = new FakeBrowser(this.clock, this.network);
  /** Half of all worlds have room for everything: there, nothing at all may be missed. */
  readonly isRoomy: boolean;
  readonly server: SimServer;
  tabs: SimTab[] = [];
  /** Those that are gone as well. */
  readonly allTabs: SimTab[] = [];
  readonly sent: Sent[] = [];
  /** Ids that a command frame has carried to the server. */
  readonly handedOver = new Set<string>();
  /** "topic epoch offset" of the critical events that the server was told to be taken. */
  readonly acknowledged = new Set<string>();
  /** The newest offset that some page has credited, by "topic epoch". */
  readonly credited = new Map<string, number>();
  /** Ids on which a person has acted. */
  readonly touched = new Set<string>();
  /** So many sends had been answered when relaxed writes were lost. */
  readonly lostRelaxed = new Set<number>();
  readonly problems: string[] = [];
  storeEverFailed = false;
  everSomeoneElse = false;
  clockEverJumped = false;
  workerEverStuck = false;
  /** A hash of all that crossed the network. */
  trace = 0;
  #release: () => void = () => {};
  #killAfter: { tasks: number; kill: () => void } | null = null;
  #count = 0;
  #loses = false;
  #delays = false;
  /** The part that is still to come. */
  readonly #late = new WeakMap<Wire, ServerFrame & { type: 'snapshot' }>();

  constructor(seed: number) {
    const random = new Random(seed ^ 0x5eed);
    this.isRoomy = random.int(2) === 0;
    this.server = new SimServer(this.clock, this.network, this.isRoomy);
    this.browser.random = random.next;
    this.clock.choose = random.int;
    this.clock.between = () => this.#between();
    this.network.tamper = (wire, text) => this.#tamper(wire, text);
    this.network.heard = (_wire, direction, text) => {
      for (let i = 0; i < text.length; i++) this.trace = (Math.imul(this.trace, 31) + text.charCodeAt(i)) | 0;
      if (direction === 'up') this.#heard(text);
    };
  }

  get disk(): Disk {
    return this.browser.disk(protocol.app, 'ann');
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  openTab(of: Build = 'first'): void {
    if (this.tabs.length >= TABS_LIMIT) return;
    const script = () => ({
      protocol: of === 'newer' ? newerProtocol : protocol,
      settings: {
        lingerMs: 1_000,
        ...(!this.isRoomy && { floodBuffer: 3, tailLimit: 4, floodEventsPerSecond: 50 }),
      },
    });
    const page = of === 'own' ? this.browser.pageAlone(script) : this.browser.page(of, script);
    page.credited = (batch) => this.#credit(batch);
    const tab = new SimTab(this.allTabs.length, of, page, () => String(this.server.token));
    this.tabs.push(tab);
    this.allTabs.push(tab);
  }

  async perform(action: Action): Promise<void> {
    switch (action.do) {
      case 'wait':
        return await this.pass(action.ms);
      case 'publish':
        return this.#publish(action);
      case 'send': {
        const tab = this.#tab(action.tab);
        const topic = TOPICS[action.topic];
        for (let i = 0; tab && !tab.page.life.isFrozen && i < action.count; i++) {
          tab.send(++this.#count, action.command, topic, (sent) => this.sent.push(sent));
        }
        if (action.dies !== null) this.#killAfter = { tasks: action.dies, kill: () => this.#killWorkers() };
        return;
      }
      case 'person': {
        const tab = this.#tab(action.tab);
        const entries = tab?.client.outbox.get() ?? [];
        const entry = entries[action.entry % Math.max(1, entries.length)];
        if (!tab || !entry || tab.page.life.isFrozen) return;
        this.touched.add(entry.id);
        tab.act(action.wants, entry);
        return;
      }
      case 'reconnect':
        return this.#tab(action.tab)?.client.reconnect();
      case 'open tab':
        return this.openTab(action.of);
      case 'close tab':
        return this.#remove(this.#tab(action.tab), 'close');
      case 'crash tab':
        return this.#remove(this.#tab(action.tab), 'crash');
      case 'reload tab': {
        const tab = this.#tab(action.tab);
        this.#remove(tab, 'close');
        if (chance(this.#count) < 0.5) await this.clock.settle();
        if (tab) this.openTab(tab.build);
        return;
      }
      case 'freeze':
        return this.#tab(action.tab)?.page.freeze();
      case 'cache':
        return this.#tab(action.tab)?.page.enterCache();
      case 'wake':
        return this.#wake();
      case 'slow tab': {
        const page = this.#tab(action.tab)?.page;
        if (page) page.busyMs = action.ms;
        return;
      }
      case 'kill worker':
        return this.browser.worker(action.of)?.kill();
      case 'wedge worker':
        this.workerEverStuck = true;
        return this.browser.worker(action.of)?.life.freeze();
      case 'kill worker after':
        this.#killAfter = { tasks: action.tasks, kill: () => this.#killWorkers() };
        return;
      case 'kill browser':
        return this.#killBrowser(action.powerLost);
      case 'cut':
        return this.network.cut();
      case 'vanish':
        for (const wire of this.network.wires) wire.vanish();
        return;
      case 'latency':
        this.network.latencyMs = action.ms;
        return;
      case 'delay a part':
        this.#delays = true;
        return;
      case 'lose an event':
        this.#loses = true;
        return;
      case 'server down':
        return this.server.setUp(false);
      case 'server up':
        return this.server.setUp(true);
      case 'restart server':
        return this.server.restart(action.keepsHistory);
      case 'kill server after':
        this.#killAfter = { tasks: action.tasks, kill: () => this.server.restart(true) };
        return;
      case 'drain server':
        return await this.server.drain(action, (ms) => this.pass(ms));
      case 'refuse':
        this.server.refusesCommands = action.commands;
        return;
      case 'expire token':
        return this.server.expireToken();
      case 'someone else':
        return await this.#someoneElse(action.ms);
      case 'fail store':
        this.storeEverFailed = true;
        return this.disk.failNext(action.failure, action.times);
      case 'break store':
        this.storeEverFailed = true;
        this.disk.failure = action.failure;
        return;
      case 'mend store':
        return this.#mendStore();
      case 'hold store':
        this.storeEverFailed = true;
        this.#release = this.disk.hold();
        return;
      case 'jump clock':
        this.clockEverJumped = true;
        return this.clock.jump(action.ms);
    }
  }

  /** All faults end; then everything is given the time that it needs. */
  async heal(): Promise<void> {
    this.#killAfter = null;
    this.network.latencyMs = 0;
    this.#loses = false;
    this.#delays = false;
    this.server.setUp(true);
    this.server.refusesCommands = false;
    this.#mendStore();
    for (const { page } of this.tabs) page.busyMs = 0;
    this.#wake();
    if (this.tabs.length === 0) this.openTab();
    await this.pass(1_000);
    for (const tab of this.tabs) tab.client.reconnect();
    for (let i = 0; i < 10; i++) {
      await this.pass(20_000);
      // A person who is taken for somebody else tries again.
      if (i < 3) this.tabs[0]?.client.reconnect();
    }
    // Of a frame that was lost, the next one tells.
    for (const topic of TOPICS) this.server.publish(topic, { type: 'line', text: 'the last' });
    await this.pass(70_000);
  }

  #publish({ what, topic, count }: Action & { do: 'publish' }): void {
    for (let i = 0; i < count; i++) {
      const n = ++this.#count;
      const id = String(n % 5);
      const node = { type: 'node', id, state: n % 6 === 0 ? 'gone' : `state ${n}` };
      const gate = { type: 'gate', id: String(n % 3), n };
      const event = {
        nodes: node,
        lines: { type: 'line', text: `line ${n}` },
        gate,
        alarm: { type: 'alarm', n },
      };
      this.server.publish(TOPICS[topic], event[what]);
    }
  }

  #tab(number: number): SimTab | undefined {
    return this.tabs[number % Math.max(1, this.tabs.length)];
  }

  #remove(tab: SimTab | undefined, how: 'close' | 'crash'): void {
    this.tabs = this.tabs.filter((other) => other !== tab);
    tab?.page[how]();
  }

  #wake(): void {
    for (const build of SHARED) this.browser.worker(build)?.life.thaw();
    for (const { page } of this.tabs) {
      if (!page.life.isFrozen) continue;
      if (page.isCached) page.leaveCache();
      else page.thaw();
    }
    this.tabs = this.tabs.filter(({ page }) => !page.life.isDead);
  }

  #killWorkers(): void {
    for (const build of SHARED) this.browser.worker(build)?.kill();
  }

  #killBrowser(powerLost: boolean): void {
    this.#killWorkers();
    for (const tab of [...this.tabs]) this.#remove(tab, 'crash');
    if (powerLost) {
      this.disk.loseRelaxed();
      for (const { n } of this.sent) this.lostRelaxed.add(n);
    }
    this.openTab();
  }

  async #someoneElse(ms: number): Promise<void> {
    this.everSomeoneElse = true;
    const { server } = this;
    server.principal = 'bob';
    this.network.cut();
    await this.pass(ms);
    server.principal = 'ann';
    this.network.cut();
    for (const tab of this.tabs) tab.client.reconnect();
  }

  #mendStore(): void {
    this.disk.failure = null;
    this.disk.failNext('failed', 0);
    this.#release();
    this.#release = () => {};
  }

  #credit({ topics = [] }: Batch): void {
    for (const update of topics) {
      if (update.kind === 'status' || (update.kind === 'snapshot' && !update.last)) continue;
      const offsets = update.kind === 'snapshot' ? [update.offset] : update.items.map(({ offset }) => offset);
      const name = `${update.topic} ${update.epoch}`;
      this.credited.set(name, Math.max(this.credited.get(name) ?? 0, ...offsets));
    }
  }

  #between(): void {
    if (!this.#killAfter || --this.#killAfter.tasks > 0) return;
    const { kill } = this.#killAfter;
    this.#killAfter = null;
    kill();
  }

  #heard(text: string): void {
    for (const frame of [JSON.parse(text)].flat() as ClientFrame[]) {
      if (frame.type === 'command') this.handedOver.add(frame.id);
      if (frame.type !== 'ack') continue;
      for (const offset of frame.offsets) this.#judgeAck(frame.topic, frame.epoch, offset);
    }
  }

  /** As a server may: it repeats critical events ahead of their time, mixes the answers to two requests, or has a hole. */
  #tamper(wire: Wire, text: string): string {
    const frames = ([JSON.parse(text)].flat() as ServerFrame[]).flatMap((frame) =>
      this.#inParts(wire, frame),
    );
    const later = frames.findLast((frame) => frame.type === 'event' && frame.ack && !frame.redelivery);
    if (later?.type === 'event' && frames.length > 1 && chance(later.offset, frames.length) < 0.5) {
      frames.unshift({ ...later, redelivery: true });
    }
    const lost = this.#loses ? frames.findIndex((frame) => frame.type === 'event' && !frame.ack) : -1;
    if (lost === -1) return JSON.stringify(frames);
    this.#loses = false;
    frames.splice(lost, 1);
    return JSON.stringify(frames);
  }

  #inParts(wire: Wire, frame: ServerFrame): ServerFrame[] {
    if (frame.type !== 'snapshot' || !frame.last) return [frame];
    const late = this.#late.get(wire);
    if (late ? late.topic !== frame.topic : !this.#delays) return [frame];
    const middle = frame.events.length >> 1;
    const first = { ...frame, last: false, events: frame.events.slice(0, middle), missed: [] };
    const second = { ...frame, part: 1, events: frame.events.slice(middle) };
    this.#delays = false;
    this.#late.delete(wire);
    if (late) return [first, late, second];
    this.#late.set(wire, second);
    return [first];
  }

  /** At the moment of the acknowledgement some page must have taken it. */
  #judgeAck(topic: string, epoch: string, offset: number): void {
    this.acknowledged.add(`${topic} ${epoch} ${offset}`);
    const isTaken = this.allTabs.some(({ seen }) =>
      seen.some((event) => event.took && event.critical && event.offset === offset && event.topic === topic),
    );
    if (!isTaken)
      this.problems.push(`critical event ${offset} of ${topic} was acknowledged, and no page had taken it`);
  }
}
