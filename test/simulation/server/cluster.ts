import type { EventLog, Principal } from '../../../src/server/log/event-log.ts';
import { recordText, type Written } from '../../../src/server/replicated/record.ts';
import type { ManualClock } from '../../../testing/fakes/clock.ts';
import type { FakeNetwork } from '../../../testing/fakes/network.ts';
import { type AppendFault, MemoryLogService } from '../../support/memory-engine.ts';
import type { Ledger } from '../ledger.ts';
import { PEOPLE } from '../people.ts';
import type { Random } from '../random.ts';
import { Application } from './application.ts';
import { Chronicle } from './chronicle.ts';
import type { LogFault } from './log.ts';
import { Member } from './member.ts';
import { Observer } from './observer.ts';
import type { Drain, Servers } from './servers.ts';
import { WorkRecords } from './work-records.ts';

/** By so much the clock of each server is ahead of the browser's, before somebody sets any. */
const AHEAD_MS = [7_000, 7 * 24 * 60 * 60 * 1_000, -90_000];
/** Of so many new sockets one may come to the server that had the one before it. */
const STAYS_IN = 4;
/** Whoever does not come to an end by then is killed. */
const PATIENCE_MS = 30_000;
/** How often somebody looks whether a server says that it has diverged, and starts it anew. */
const LOOK_MS = 1_000;

export interface ClusterOptions {
  readonly clock: ManualClock;
  readonly network: FakeNetwork;
  readonly ledger: Ledger;
  readonly isRoomy: boolean;
  /** Of the balancer. */
  readonly random: Random;
}

/** What a server begins with: what it had itself, as in a file, or what the log holds. */
export type Start = 'its own' | 'nothing';

export interface Crash {
  readonly of: number;
  readonly from: Start;
  readonly downMs: number;
}

/** Several servers on one log behind a balancer. They are killed, started again, and apart from their log for a while. */
export class SimCluster implements Servers {
  readonly application: Application;
  readonly chronicle: Chronicle;
  readonly workRecords = new WorkRecords();
  readonly amnesias = 0;
  readonly restores = 0;
  readonly ignoringRestores = 0;
  readonly #options: ClusterOptions;
  readonly #service: MemoryLogService;
  readonly #observer: Observer;
  readonly #members: Member[];
  /** The log's own clock. */
  #aheadMs = -3_600_000;
  #names = 0;
  #isUp = true;
  /** Which server had the newest socket. */
  #last = 0;
  /** The dump that was damaged last. */
  #damaged = 0;
  readonly #problems: string[] = [];

  constructor(options: ClusterOptions) {
    const { clock, ledger } = options;
    this.#options = options;
    this.application = new Application(options, (ms) => new Promise((done) => void clock.setTimer(ms, done)));
    this.chronicle = new Chronicle(
      ledger,
      () => clock.elapsed,
      (text) => void this.application.errors.push(text),
    );
    this.#service = new MemoryLogService(() => this.#now(this.#aheadMs));
    // It has been there for a while.
    this.#service.place(this.#firstRecord());
    this.#aheadMs = 7_000;
    this.#observer = new Observer(this.#service, clock, this.chronicle, this.workRecords);
    this.#members = AHEAD_MS.map((_, index) => this.#start(index, null));
    this.#listen();
    this.#look();
  }

  get log(): Pick<EventLog, 'state' | 'owed'> {
    const { projection } = this.#observer;
    return {
      state: async (topic) => projection.state(topic),
      owed: async (client, topic) => projection.owed(client, topic),
    };
  }

  get connections(): number {
    return Math.max(...this.#members.map(({ broker }) => broker.stats().connections));
  }

  publish(topic: string, event: { type: string; [field: string]: unknown }): void {
    const member = this.#any();
    member?.broker.publish(topic, event).catch((error) => {
      // It may have gone astray meanwhile.
      if (!member.isAstray) this.application.report(error, 'publishing');
    });
  }

  setUp(isUp: boolean): void {
    this.#isUp = isUp;
    this.#listen();
    if (!isUp) this.#options.network.cut();
  }

  heal(): void {
    this.application.refusesCommands = false;
    this.application.doorkeeper.heal();
    for (const { engine } of this.#members) engine.heal();
    this.#service.arrive();
    for (const [index, member] of this.#members.entries()) {
      if (member.isAstray && !member.projection.hasErred) member.kill();
      if (member.isDead) this.#replace(index, 'its own');
    }
    this.setUp(true);
    // Whoever went astray learns it from what another one writes.
    for (const member of this.#members)
      if (!member.isAstray) member.write().catch((error) => this.application.report(error, 'pruning'));
  }

  restart(keepsHistory: boolean): void {
    this.crash({ of: this.#last, from: keepsHistory ? 'its own' : 'nothing', downMs: 0 });
  }

  /** One is killed at this moment, and started again so much later. */
  crash({ of, from, downMs }: Crash): void {
    const index = of % this.#members.length;
    const member = this.#members[index];
    if (!member || member.isDead) return;
    member.kill();
    if (downMs === 0) return this.#replace(index, from);
    this.#listen();
    this.#options.clock.setTimer(downMs, () => {
      if (this.#members[index] === member) this.#replace(index, from);
    });
  }

  /** Its engine: nothing of it goes on, it hears of nothing new, or all is well with it. */
  engine(of: number, is: 'stalled' | 'lagging' | 'well'): void {
    const engine = this.#members[of % this.#members.length]?.engine;
    engine?.stall(is === 'stalled');
    engine?.lag(is === 'lagging');
  }

  failAppends(of: number, faults: readonly AppendFault[]): void {
    this.#members[of % this.#members.length]?.engine.failNext(...faults);
  }

  /** What was late comes now. */
  arrive(): void {
    this.#service.arrive();
  }

  /** The newest dump is not whole any more. There is another one: that two are damaged is more than anybody promised for. */
  damageDump(): void {
    const [newest, older] = this.#service.dumps.keys();
    if (newest === undefined || older === undefined || this.#service.dumps.has(this.#damaged)) return;
    this.#damaged = newest;
    this.#service.damageDump();
  }

  /** One comes to something else than the others. One at a time: which of two is wrong nobody could tell. */
  leadAstray(of: number): void {
    const member = this.#members[of % this.#members.length];
    if (!member || member.isDead || this.#members.some(({ isAstray }) => isAstray)) return;
    member.goAstray();
    this.#listen();
  }

  async drain({ ms, overlaps }: Drain, pass: (ms: number) => Promise<void>): Promise<void> {
    const index = this.#last;
    const member = this.#members[index];
    if (!member || member.isDead) return;
    let isDone = false;
    member.broker.close(ms).then(() => {
      isDone = true;
    });
    if (overlaps) this.#replace(index, 'nothing');
    else this.#listen();
    for (let waited = 0; !isDone && waited < PATIENCE_MS; waited += 500) {
      // It was killed over it, and another one is there already.
      if (member.isDead) return;
      await pass(500);
    }
    if (isDone) await member.end();
    else member.kill();
    if (this.#members[index] === member) this.#replace(index, 'its own');
  }

  setClock(ms: number): void {
    this.#aheadMs += ms;
    this.chronicle.clockWasSet(ms);
  }

  failLog(what: LogFault, times: number): void {
    const fault: AppendFault = what === 'commit after' ? 'lost, written' : 'refused';
    this.failAppends(
      this.#last,
      Array.from({ length: times }, () => fault),
    );
  }

  expireTokens(): void {
    const { doorkeeper } = this.application;
    doorkeeper.expireTokens();
    for (const who of PEOPLE) this.#any()?.broker.disconnect(doorkeeper.principalOf(who));
  }

  endTopic(topic: string): void {
    const member = this.#any();
    member?.broker.endTopic(topic).catch((error) => {
      if (!member.isAstray) this.application.report(error, 'ending a topic');
    });
  }

  recheck(principal: Principal): void {
    this.#any()?.recheck(principal);
  }

  problemsAtRest(): readonly string[] {
    const { newest } = this.#service;
    const { problems, projection } = this.#observer;
    const wanted = [...projection.dump()].join('\n');
    return [
      ...problems,
      ...this.#problems,
      ...this.chronicle.publishedTwice(),
      ...this.#members.flatMap(({ broker, projection: { position }, projection: own }, index) => {
        const about = `server ${index}`;
        if (broker.health !== 'ready') return `${about} is ${broker.health}`;
        if (position !== newest) return `${about} has applied ${position} of ${newest} records`;
        return [...own.dump()].join('\n') === wanted ? [] : `${about} has another projection than the rest`;
      }),
    ];
  }

  #firstRecord(): string {
    const limits = { tailLimit: 4, historyEvents: 12, commandIds: 100_000, clientIds: 100_000 };
    const content = { limits, run: this.#newName(), epoch: this.#newName() };
    const written: Written = { kind: 'open', content };
    const head = { author: this.#newName(), number: 1, at: 0, digest: '' };
    return recordText(head, [JSON.stringify(written)]);
  }

  /** In place of the one that is dead, or about to be. */
  #replace(index: number, from: Start): void {
    const own = this.#members[index];
    // What has diverged is nothing to go on from.
    const dump = from === 'nothing' || own?.isAstray ? null : [...(own?.projection.dump() ?? [])];
    this.#members[index] = this.#start(index, dump);
    this.#listen();
  }

  #look(): void {
    this.#options.clock.setTimer(LOOK_MS, () => {
      for (const [index, member] of this.#members.entries()) {
        if (member.isDead || member.broker.health !== 'diverged') continue;
        const { connections } = member.broker.stats();
        if (connections > 0) this.#problems.push(`server ${index} has diverged, and serves ${connections}`);
        member.kill();
        this.#replace(index, 'nothing');
      }
      this.#look();
    });
  }

  #start(index: number, dump: readonly string[] | null): Member {
    const { clock, isRoomy } = this.#options;
    return new Member({
      service: this.#service,
      application: this.application,
      clock,
      dump,
      historyEvents: isRoomy ? 100_000 : 12,
      newName: () => this.#newName(),
      now: () => this.#now(AHEAD_MS[index] ?? 0),
    });
  }

  #newName(): string {
    return `name ${++this.#names}`;
  }

  #now(aheadMs: number): number {
    return Date.UTC(2026, 0, 1) + Math.floor(this.#options.clock.elapsed) + aheadMs;
  }

  /** One that takes sockets. */
  #any(): Member | undefined {
    const able = this.#members.filter(({ takesSockets }) => takesSockets);
    return able[this.#options.random.int(able.length)];
  }

  #listen(): void {
    const isAnyThere = this.#members.some(({ takesSockets }) => takesSockets);
    const { network, random } = this.#options;
    network.server = null;
    if (!this.#isUp || !isAnyThere) return;
    network.server = (peer, _url, wire) => {
      const able = this.#members.filter(({ takesSockets }) => takesSockets);
      const last = this.#members[this.#last];
      const others = able.filter((member) => member !== last);
      const among = others.length > 0 && random.int(STAYS_IN) > 0 ? others : able;
      const member = among[random.int(among.length)];
      if (!member) throw new Error('no server takes sockets, and one has come');
      this.#last = this.#members.indexOf(member);
      return member.accept(peer, wire);
    };
  }
}
