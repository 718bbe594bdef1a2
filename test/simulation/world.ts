import { FakeBrowser } from '../../testing/fakes/browser.ts';
import { ManualClock } from '../../testing/fakes/clock.ts';
import type { Disk } from '../../testing/fakes/disk.ts';
import { FakeNetwork } from '../../testing/fakes/network.ts';
import { type BackgroundErrand, FakeServiceWorker } from '../../testing/fakes/service-worker.ts';
import type { HubScript } from '../../testing/fakes/worker.ts';
import type { Action, Build, SharedBuild, TokenMood } from './actions.ts';
import { judgeSaved } from './judges/saved.ts';
import type { ServedBy } from './kinds.ts';
import { Ledger } from './ledger.ts';
import { OnceLog } from './once-log.ts';
import { PEOPLE, type Who } from './people.ts';
import type { CommandName } from './protocol.ts';
import { newerProtocol, protocol, TOPICS } from './protocol.ts';
import { chance, Random } from './random.ts';
import { SimCluster } from './server/cluster.ts';
import { SimServer } from './server/server.ts';
import type { Servers } from './server/servers.ts';
import { SignOuts } from './sign-outs.ts';
import { SimTab } from './tab.ts';
import { WireFaults } from './wire-faults.ts';
import { Witness } from './witness.ts';

const SHARED: readonly SharedBuild[] = ['first', 'same', 'newer'];
const TABS_LIMIT = 4;
/** In one of so many worlds of one server the plain dialect is spoken. */
const PLAIN_IN = 12;
/** From frame to frame of a page that is seen. */
const FRAME_MS = 16;
/** What it costs a worker at most to post a batch, in each world one of these. */
const POSTING_MS: [number, ...number[]] = [0, 0, 0.4, 5, 60];

/** Everything of one run: a browser with its tabs, the network, the server; and what happened. */
export class World {
  readonly problems: string[] = [];
  readonly #problem = (text: string) => void this.problems.push(text);
  readonly clock = new ManualClock();
  readonly network = new FakeNetwork(this.clock);
  readonly browser = new FakeBrowser(this.clock, this.network);
  readonly faults = new WireFaults();
  readonly ledger = new Ledger(() => this.clock.elapsed, this.#problem);
  /** Half of all worlds have room for everything: there, nothing at all may be missed. */
  readonly isRoomy: boolean;
  readonly isPlain: boolean;
  readonly server: Servers;
  /** Service workers in the middle of an event. */
  readonly serviceWorkers = new Set<FakeServiceWorker>();
  tabs: SimTab[] = [];
  /** Those that are gone as well. */
  readonly allTabs: SimTab[] = [];
  readonly signOuts = new SignOuts(this.clock, this.ledger, this.allTabs, this.#problem);
  readonly witness = new Witness({
    ledger: this.ledger,
    signOuts: this.signOuts,
    tabs: this.allTabs,
    timesOf: (topic, epoch, offset) => this.server.chronicle.timesOf(topic, epoch, offset),
    debts: () => this.server.chronicle.debts,
    problem: this.#problem,
  });
  readonly once = new OnceLog(this.#problem);
  /** Who has had a page. */
  readonly people = new Set<Who>();
  tokens: TokenMood = 'fine';
  clockEverJumped = false;
  #release: () => void = () => {};
  #killAfter: { tasks: number; kill: () => void } | null = null;
  #count = 0;

  constructor(seed: number, by: ServedBy) {
    const random = new Random(seed ^ 0x5eed);
    this.isRoomy = random.int(2) === 0;
    this.isPlain = random.int(PLAIN_IN) === 0 && by !== 'replicated';
    const postingMs = random.pick(POSTING_MS);
    this.ledger.circumstances.isPlain = this.isPlain;
    const { clock, network, ledger, isRoomy, isPlain } = this;
    this.server =
      by === 'replicated'
        ? new SimCluster({ clock, network, ledger, isRoomy, random })
        : new SimServer({ clock, network, ledger, isRoomy, isPlain, logKind: by });
    if (by === 'sliding') this.ledger.circumstances.serverForgot = true;
    this.browser.random = random.next;
    this.browser.postingMs = () => random.next() * postingMs;
    this.browser.workerEnded = () => this.ledger.hubLost();
    this.clock.choose = random.int;
    this.clock.between = () => this.#between();
    if (!this.isPlain) this.network.tamper = this.faults.tamper;
    this.network.heard = this.witness.heard;
    for (const disk of this.disks) disk.written = (ops) => this.ledger.stored(ops);
    for (const who of PEOPLE) {
      const disk = this.browser.stateDisk(protocol.app, who);
      disk.written = () => judgeSaved(this.server, disk, this.problems);
    }
    this.network.written = (text) => this.witness.written(text, this.clock.elapsed);
  }

  get storeEverFailed(): boolean {
    return this.ledger.circumstances.storeFailed;
  }

  get everSomeoneElse(): boolean {
    return this.ledger.circumstances.someoneElse;
  }

  get trace(): number {
    return this.witness.trace;
  }

  get hasStuckWorker(): boolean {
    return SHARED.some((build) => this.browser.worker(build)?.life.isFrozen);
  }

  diskOf(who: Who): Disk {
    return this.browser.disk(protocol.app, who);
  }

  get disks(): Disk[] {
    return PEOPLE.map((who) => this.diskOf(who));
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  /** A fresh number, for whatever is to be told from all others. */
  next(): number {
    return ++this.#count;
  }

  openTab(of: Build = 'first', who: Who = 'ann'): void {
    if (this.tabs.length >= TABS_LIMIT) return;
    this.people.add(who);
    this.signOuts.signIn(who);
    const script = () => this.#scriptOf(of);
    const page = of === 'own' ? this.browser.pageAlone(script) : this.browser.page(of, script);
    page.subscribed = (topic, _ticket, position) => this.witness.subscribe(topic, position);
    const { ledger } = this;
    const number = this.allTabs.length;
    page.frameMs = FRAME_MS;
    const tab = new SimTab({
      isPlain: this.isPlain,
      number,
      build: of,
      who,
      page,
      ledger,
      once: this.once,
      token: () => this.#token(who),
    });
    this.witness.opened(tab);
    page.credited = (batch) => this.witness.credit(tab, batch);
    tab.isDoubtful = this.signOuts.isUnderWay(who);
    this.tabs.push(tab);
    this.allTabs.push(tab);
  }

  /** A service worker lives for one event, and fares so after so many tasks. */
  deliverInBackground({ who, of, tasks, fate }: Action & { do: 'background' }): void {
    const serviceWorker = new FakeServiceWorker(this.browser);
    this.serviceWorkers.add(serviceWorker);
    const gone = () => void this.serviceWorkers.delete(serviceWorker);
    serviceWorker.life.atEnd(gone);
    const settled: BackgroundErrand['settled'] = (all) => {
      for (const { command, outcome } of all) this.ledger.told(command, outcome);
    };
    const token = () => this.#token(who);
    serviceWorker.deliver({ ...this.#scriptOf(of), identity: who, url: '/ws', token, settled }).then(gone);
    if (fate === 'lives') return;
    if (fate === 'stops') this.ledger.circumstances.mayLoseHubs = true;
    this.killAfter(tasks, () => {
      if (fate === 'dies') return serviceWorker.kill();
      this.ledger.hubLost();
      serviceWorker.life.freeze();
    });
  }

  /** The one that a number means; frozen ones do nothing. */
  tab(number: number): SimTab | undefined {
    return this.tabs[number % Math.max(1, this.tabs.length)];
  }

  send(tab: SimTab, command: CommandName, topic: string, requireDurable: boolean): void {
    const n = this.next();
    const askedAt = this.clock.elapsed;
    const key = command === 'choose' || command === 'turn' ? String(n % 2) : null;
    tab.send(
      this.ledger.open({ n, command, topic, who: tab.who, tab: tab.number, key, requireDurable, askedAt }),
    );
  }

  publish(what: 'nodes' | 'lines' | 'gate' | 'alarm' | 'broken', topic: string): void {
    const n = this.next();
    const id = String(n % 5);
    const events = {
      nodes: { type: 'node', id, state: n % 6 === 0 ? 'gone' : `state ${n}` },
      lines: { type: 'line', text: `line ${n}` },
      gate: { type: 'gate', id: String(n % 3), n },
      alarm: { type: 'alarm', n },
      // No page's schema takes them.
      broken: n % 2 === 0 ? { type: 'line', text: n } : { type: 'alarm', n: `alarm ${n}` },
    };
    this.server.publish(topic, events[what]);
  }

  remove(tab: SimTab | undefined, how: 'close' | 'crash'): void {
    this.tabs = this.tabs.filter((other) => other !== tab);
    tab?.page[how]();
  }

  cache(tab: SimTab | undefined): void {
    if (!tab) return;
    tab.wasCached = true;
    tab.page.enterCache();
  }

  async reload(tab: SimTab): Promise<void> {
    this.remove(tab, 'close');
    if (chance(this.#count) < 0.5) await this.clock.settle();
    this.openTab(tab.build, tab.who);
  }

  /** The client ends; its page stays, and nobody looks at it any more. */
  closeClient(tab: SimTab): void {
    this.ledger.circumstances.mayLoseHubs = true;
    tab.isOver = true;
    this.tabs = this.tabs.filter((other) => other !== tab);
    tab.client.close();
  }

  signOut(tab: SimTab, { before, after, discard }: Action & { do: 'sign out' }): void {
    this.ledger.circumstances.mayLoseHubs = true;
    for (let i = 0; i < before; i++) this.send(tab, 'decide', TOPICS[0], false);
    this.signOuts.signOut(tab, discard, () => {
      this.tabs = this.tabs.filter(({ isOver }) => !isOver);
    });
    for (let i = 0; i < after; i++) this.send(tab, 'decide', TOPICS[0], false);
  }

  wake(): void {
    for (const build of SHARED) this.browser.worker(build)?.life.thaw();
    for (const { life } of this.serviceWorkers) life.thaw();
    for (const { page } of this.allTabs) {
      if (!page.life.isFrozen) continue;
      if (page.isCached) page.leaveCache();
      else page.thaw();
    }
    this.tabs = this.tabs.filter(({ page }) => !page.life.isDead);
  }

  killWorkers(): void {
    for (const build of SHARED) this.browser.worker(build)?.kill();
  }

  killAfter(tasks: number, kill: () => void): void {
    this.#killAfter = { tasks, kill };
  }

  killBrowser(powerLost: boolean): void {
    this.killWorkers();
    for (const serviceWorker of this.serviceWorkers) serviceWorker.kill();
    for (const tab of [...this.tabs]) this.remove(tab, 'crash');
    for (const { page } of this.allTabs) page.crash();
    if (powerLost) {
      for (const disk of this.disks) disk.loseRelaxed();
      for (const account of this.ledger.accounts) account.outlivedPowerLoss = true;
    }
    this.openTab();
  }

  async someoneElse(ms: number): Promise<void> {
    this.ledger.circumstances.someoneElse = true;
    const { doorkeeper } = this.server.application;
    doorkeeper.standsFor = 'eve';
    this.network.cut();
    await this.pass(ms);
    doorkeeper.standsFor = null;
    this.network.cut();
    for (const tab of this.tabs) tab.reconnect();
  }

  holdStores(): void {
    this.ledger.circumstances.storeFailed = true;
    const releases = this.disks.map((disk) => disk.hold());
    this.#release = () => {
      for (const release of releases) release();
    };
  }

  mendStores(): void {
    for (const disk of this.disks) {
      disk.failure = null;
      disk.failNext('failed', 0);
    }
    this.#release();
    this.#release = () => {};
  }

  /** All faults end but those of what is stopped. */
  endFaults(): void {
    this.#killAfter = null;
    this.network.latencyMs = 0;
    this.network.bytesPerSecond = null;
    this.faults.end();
    this.server.heal();
    this.tokens = 'fine';
    this.mendStores();
    for (const { page } of this.tabs) page.busyMs = 0;
  }

  /** What is stopped goes on as well; then everything is given the time that it needs. */
  async heal(): Promise<void> {
    this.endFaults();
    this.wake();
    // What a sign-out came to is known by then.
    const isOpen = PEOPLE.some((who) => this.signOuts.isUnderWay(who));
    if (isOpen || this.tabs.some(({ isDoubtful }) => isDoubtful)) await this.pass(15_000);
    // A page that is left after a sign-out tries all the same; one of which nobody knows what it is, is left.
    for (const tab of this.allTabs)
      if (tab.isOver && !tab.page.life.isDead) this.send(tab, 'decide', TOPICS[0], false);
    for (const tab of this.tabs) if (tab.isDoubtful) this.remove(tab, 'close');
    this.people.add('ann');
    for (const who of this.people) {
      if (this.tabs.some((tab) => tab.who === who)) continue;
      if (this.tabs.length >= TABS_LIMIT)
        this.remove(
          this.tabs.find((tab) => this.#isSpare(tab)),
          'close',
        );
      this.openTab('first', who);
    }
    await this.pass(1_000);
    for (const tab of this.tabs) tab.reconnect();
    for (let i = 0; i < 10; i++) {
      await this.pass(20_000);
      // Who may read a topic again is given it with the next line.
      if (i < 3 && this.tabs.some(({ isRefused }) => isRefused)) this.network.cut();
      // A person who is taken for somebody else tries again.
      if (i < 3) for (const tab of this.tabs) tab.reconnect();
    }
    // Of a frame that was lost, the next one tells.
    for (const topic of TOPICS) this.server.publish(topic, { type: 'line', text: 'the last' });
    await this.pass(70_000);
  }

  /** Another tab of the same person is open. */
  #isSpare({ who }: SimTab): boolean {
    return this.tabs.filter((tab) => tab.who === who).length > 1;
  }

  #scriptOf(build: Build): HubScript {
    return {
      protocol: build === 'newer' ? newerProtocol : protocol,
      settings: {
        lingerMs: 1_000,
        ...(!this.isRoomy && {
          ...{ floodBuffer: 3, tailLimit: 4 },
          ...{ highLimit: 8, normalLimit: 6, inFlightLimit: 3 },
        }),
      },
    };
  }

  #token(who: Who): string | null | Promise<never> {
    if (this.tokens === 'hangs') return new Promise<never>(() => {});
    if (this.tokens === 'throws') throw new Error('no token can be had');
    return this.tokens === 'none' ? null : this.server.application.doorkeeper.tokenOf(who);
  }

  #between(): void {
    if (!this.#killAfter || --this.#killAfter.tasks > 0) return;
    const { kill } = this.#killAfter;
    this.#killAfter = null;
    kill();
  }
}
