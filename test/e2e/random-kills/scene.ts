import { expect } from '@playwright/test';
import type { Random } from '../../simulation/random.ts';
import { attach } from '../harness/attach.ts';
import type { FaultProxy } from '../harness/fault-proxy.ts';
import { type LabTab, openLab } from '../harness/lab.ts';
import { labConfig } from '../harness/lab-page.ts';
import { type LabProcess, readLog } from '../harness/lab-process.ts';
import { Ledger } from '../harness/ledger.ts';
import { type OwnBrowser, startOwnBrowser } from '../harness/own-browser.ts';
import { setClock } from '../harness/set-clock.ts';
import type { Site } from '../harness/site.ts';
import { workersOf } from '../harness/worker.ts';

export const TABS = 3;
export const TOPICS: readonly [string, ...string[]] = ['run:1', 'run:2', 'run:3', 'run:4', 'run:5', 'run:6'];

/** A tab, and the life of the page in it: another begins with each load. */
export interface SceneTab extends LabTab {
  life: string;
  frozen: boolean;
}

export interface SignOut {
  /** Made in the same turn. */
  readonly decisions: number;
  readonly discard: boolean;
}

/** A browser with its profile, its tabs, a network and a server, all of which can be killed and come back. */
export class Scene {
  readonly ledger = new Ledger();
  readonly network: FaultProxy;
  readonly tabs: SceneTab[] = [];
  readonly #site: Site;
  readonly #profile: string;
  readonly #logFile: string;
  readonly #startServer: (clockAheadMs: number) => Promise<LabProcess>;
  #serverAheadMs = 0;
  #browser: OwnBrowser | null = null;
  #server: LabProcess | null = null;
  #lives = 0;

  constructor(at: {
    network: FaultProxy;
    site: Site;
    profile: string;
    logFile: string;
    startServer: (clockAheadMs: number) => Promise<LabProcess>;
  }) {
    this.network = at.network;
    this.#site = at.site;
    this.#profile = at.profile;
    this.#logFile = at.logFile;
    this.#startServer = at.startServer;
  }

  get origin(): string {
    return this.#site.origin;
  }

  get own(): OwnBrowser {
    if (!this.#browser) throw new Error('there is no browser now');
    return this.#browser;
  }

  async startServer(): Promise<void> {
    this.#server = await this.#startServer(this.#serverAheadMs);
  }

  async setServerClock(aheadMs: number): Promise<void> {
    this.#serverAheadMs = aheadMs;
    await this.#server?.setClock(aheadMs);
  }

  /** Of the computer: all pages and workers, those that are still to come as well. */
  async setBrowserClock(aheadMs: number): Promise<void> {
    this.#site.clockAheadMs = aheadMs;
    for (const { page } of this.tabs) await page.evaluate(setClock, aheadMs);
    const devtools = await this.own.browser.newBrowserCDPSession();
    for (const worker of await workersOf(devtools, this.origin)) {
      const send = await attach(devtools, worker);
      await send('Runtime.evaluate', { expression: `(${setClock})(${aheadMs})` });
    }
    await devtools.detach();
  }

  async killServer(): Promise<void> {
    await this.#server?.kill();
  }

  async startBrowser(): Promise<void> {
    this.#browser = await startOwnBrowser(this.#profile);
    await this.ledger.follow(this.own.context);
    await this.mend();
  }

  async killBrowser(): Promise<void> {
    this.tabs.length = 0;
    await this.#browser?.kill();
    this.#browser = null;
  }

  newLife(): string {
    return `life ${++this.#lives}`;
  }

  async closeTab(tab: SceneTab): Promise<void> {
    this.tabs.splice(this.tabs.indexOf(tab), 1);
    await tab.page.close();
  }

  /** Every tab that is gone, or crashed, is followed by another. */
  async mend(): Promise<void> {
    for (const tab of [...this.tabs]) {
      const lives = await tab.page.evaluate(() => true).catch(() => false);
      if (!lives) await this.closeTab(tab);
    }
    while (this.tabs.length < TABS) {
      const config = labConfig(this.network.port, { topics: TOPICS });
      const opened = await openLab(this.own.context, this.origin, config);
      const tab: SceneTab = { ...opened, life: this.newLife(), frozen: false };
      this.tabs.push(tab);
    }
  }

  /** Tabs that can work. */
  awake(): [SceneTab, ...SceneTab[]] {
    const [first, ...others] = this.tabs.filter(({ frozen }) => !frozen);
    if (!first) throw new Error('no tab is awake');
    return [first, ...others];
  }

  /** Decisions in some tabs, on their way when this returns. */
  async decide(count: number, random: Random): Promise<void> {
    const from = random.int(TOPICS.length);
    const topics = [...TOPICS.slice(from), ...TOPICS.slice(0, from)];
    const tabs = this.awake();
    const parts = Array.from({ length: 3 }, () => random.pick(tabs));
    for (const tab of parts)
      await this.ledger.decide(tab.page, tab.life, topics, Math.ceil(count / parts.length));
  }

  /**
   * Somebody signs out in one tab, in the turn in which they decide, which ends the clients of all tabs; then all of them
   * sign in again.
   */
  async signOut(random: Random, { decisions, discard }: SignOut): Promise<void> {
    const { page, life } = random.pick(this.awake());
    await this.ledger.signOut(page, life, TOPICS, decisions, discard);
    for (const tab of this.tabs) {
      await tab.is('signed_out');
      tab.life = this.newLife();
      await tab.page.reload();
    }
  }

  /** Until no more than so many commands wait, and the tabs hear of it. */
  async settle(pending: number): Promise<void> {
    for (const tab of this.awake())
      await expect
        .poll(async () => Math.max(await pendingAtHub(tab), (await tab.outbox()).length), {
          message: 'the outbox',
          timeout: 120_000,
          intervals: [50],
        })
        .toBeLessThanOrEqual(pending);
  }

  /** Until the browser has the one worker that a fault is to kill. */
  async oneWorker(): Promise<void> {
    const devtools = await this.own.browser.newBrowserCDPSession();
    await expect
      .poll(async () => (await workersOf(devtools, this.origin)).length, {
        message: 'workers',
        timeout: 30_000,
      })
      .toBe(1);
    await devtools.detach();
  }

  log() {
    return readLog(this.#logFile);
  }
}

/** A page that has just opened shows an empty outbox until its hub, which may still open the store, has told it. */
async function pendingAtHub(tab: SceneTab): Promise<number> {
  const { role, outbox } = await tab.inspect();
  return role.state === 'candidate' ? Number.POSITIVE_INFINITY : outbox.entries;
}

/** Some milliseconds: the place of a fault in time is part of the seed. */
export function pause(random: Random, belowMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, random.int(belowMs)));
}
