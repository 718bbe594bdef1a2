import { createOneTab } from '../../../src/one-tab/one-tab.ts';
import type { Meta } from '../../../src/protocol/model.ts';
import { FakeBrowser } from '../../../testing/fakes/browser.ts';
import { ManualClock } from '../../../testing/fakes/clock.ts';
import { FakeNetwork } from '../../../testing/fakes/network.ts';
import { FakePage } from '../../../testing/fakes/page.ts';

/** How a listener fares: it returns at once, after so long, or fails. */
export type Work = 'at once' | 'fails' | number;

/** One tab with a listener of the name. */
export class Tab {
  readonly page: FakePage;
  readonly number: number;
  readonly #scene: Scene;
  readonly #listener: (event: unknown, meta: Meta) => Promise<void>;
  readonly left = new AbortController();
  work: Work = 'at once';
  /** The offsets that its listener was called with. */
  readonly called: number[] = [];
  /** Those that it is at. */
  readonly at = new Set<number>();
  /** What it was told of each offset that it heard of. */
  readonly told = new Map<number, 'taken' | 'failed'>();

  constructor(scene: Scene, number: number) {
    this.#scene = scene;
    this.number = number;
    this.page = new FakePage(scene.browser, () => {
      throw new Error('no worker is needed');
    });
    const oneTab = createOneTab(this.page);
    const { signal } = this.left;
    this.#listener = oneTab<[unknown, Meta]>('ring', (_, { offset }) => this.#take(offset), { signal });
  }

  get isAlive(): boolean {
    return !this.page.life.isDead && !this.page.life.isFrozen;
  }

  /** Its hub gives it the event. */
  hear(offset: number): void {
    const meta: Meta = { topic: 'run', offset, ts: offset, key: null, critical: true, replayed: false };
    this.page.life.run(() => {
      this.#listener({ type: 'alarm' }, meta).then(
        () => this.told.set(offset, 'taken'),
        () => this.told.set(offset, 'failed'),
      );
    });
  }

  async #take(offset: number): Promise<void> {
    this.called.push(offset);
    this.at.add(offset);
    this.#scene.begins(this, offset);
    if (typeof this.work === 'number')
      await new Promise<void>((over) => this.page.setTimer(Number(this.work), over));
    this.at.delete(offset);
    if (this.work === 'fails') throw new Error('as the test wants');
    this.#scene.taken.add(offset);
  }
}

/** Tabs of one browser. */
export class Scene {
  readonly clock = new ManualClock();
  readonly browser = new FakeBrowser(this.clock, new FakeNetwork(this.clock));
  readonly tabs: Tab[] = [];
  /** The offsets that some listener has taken. */
  readonly taken = new Set<number>();
  begins: (tab: Tab, offset: number) => void = () => {};

  async open(isVisible = true): Promise<Tab> {
    const tab = new Tab(this, this.tabs.length);
    this.tabs.push(tab);
    await this.pass(10);
    if (!isVisible) await this.hide(tab);
    return tab;
  }

  async hide({ page }: Tab): Promise<void> {
    page.setVisible(false);
    await this.pass(10);
  }

  /** All tabs hear of it. */
  publish(offset: number): void {
    for (const tab of this.tabs) tab.hear(offset);
  }

  pass(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Who was called with it, in the order of the tabs. */
  who(offset: number): number[] {
    return this.tabs.filter(({ called }) => called.includes(offset)).map(({ number }) => number);
  }
}
