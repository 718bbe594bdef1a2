/** How a page that is made by hand lives: seen, hidden, frozen, cached, crashed. */
import type { PagePlatform, PageWatcher, WorkerLine } from '../../src/client/platform.ts';
import type { HubPort } from '../../src/protocol/calls.ts';
import type { Batch, TabSink } from '../../src/protocol/port.ts';
import type { BrowserProfile } from './browser-profile.ts';
import { Lifetime, lifetimeTimer } from './lifetime.ts';
import type { ConnectedPage, FakeWorker } from './worker.ts';

/** One page: the platform of the client that runs in it. */
export class FakePage implements PagePlatform, ConnectedPage {
  readonly life = new Lifetime();
  readonly #browser: BrowserProfile;
  /** Which worker the application's function starts, or joins. */
  readonly #worker: (page: FakePage) => FakeWorker;
  readonly #watchers = new Set<PageWatcher>();
  #line: { worker: FakeWorker } | null = null;
  #isVisible = true;
  isCached = false;
  /** The id of the hub whose batch it was given last. */
  hub: string | null = null;
  /** From frame to frame of its screen; `null`: it has none, and what it shows changes at once. */
  frameMs: number | null = null;
  /** How long it is busy with each batch before it takes the next one. */
  busyMs = 0;
  /** Called with each batch whose taking it has told the hub of. */
  credited: (batch: Batch) => void = () => {};
  /** Called as it subscribes with how far it says that it has come. */
  subscribed: (...about: Parameters<HubPort['subscribe']>) => void = () => {};

  constructor(browser: BrowserProfile, worker: (page: FakePage) => FakeWorker) {
    this.#browser = browser;
    this.#worker = worker;
    browser.pages.add(this);
    this.life.atEnd(() => browser.pages.delete(this));
  }

  /** The worker that it is connected to, once it has started one. */
  get worker(): FakeWorker | null {
    return this.#line?.worker ?? null;
  }

  /** It is left for good. */
  close(): void {
    this.#hide();
    this.life.end();
  }

  /** Its process ends without a word. */
  crash(): void {
    this.life.end();
  }

  /** Into the back/forward cache. */
  enterCache(): void {
    this.#hide();
    this.isCached = true;
    this.life.freeze();
  }

  leaveCache(): void {
    this.isCached = false;
    this.life.thaw();
    for (const watcher of [...this.#watchers]) watcher.show();
  }

  /** As browsers do with a page that has been hidden for long: its timers and its own worker stop. */
  freeze(): void {
    this.setVisible(false);
    for (const watcher of [...this.#watchers]) watcher.freeze();
    this.life.freeze();
    if (this.worker?.isOwn) this.worker.life.freeze();
  }

  thaw(): void {
    if (this.worker?.isOwn) this.worker.life.thaw();
    this.life.thaw();
    for (const watcher of [...this.#watchers]) watcher.show();
  }

  setVisible(visible: boolean): void {
    if (visible === this.#isVisible) return;
    this.#isVisible = visible;
    this.#signal(visible ? 'visible' : 'hidden');
  }

  online(): void {
    this.#signal('online');
  }

  readonly registerSync = async (tag: string): Promise<void> => {
    if (this.life.isDead) throw new DOMException('no window is open', 'InvalidAccessError');
    if (this.#browser.refusesSync) throw new DOMException('the permission is denied', 'NotAllowedError');
    this.#browser.syncTags.add(tag);
  };

  /** A message that is posted to a page in the back/forward cache evicts it. */
  evictIfCached(): void {
    if (this.isCached) this.life.end();
  }

  /** Another page has remembered something. One in the back/forward cache never hears of it. */
  remembered(): void {
    if (this.isCached) return;
    this.setTimer(0, () => {
      for (const watcher of [...this.#watchers]) watcher.remembered();
    });
  }

  readonly now = () => this.#browser.clock.now();
  readonly uptime = () => this.#browser.clock.elapsed;
  readonly uuid = () => this.#browser.uuid();
  readonly setTimer = (delayMs: number, callback: () => void) =>
    lifetimeTimer(this.#browser.clock, this.life, delayMs, callback);
  readonly requestFrame = (callback: () => void) =>
    this.frameMs === null || !this.#isVisible ? null : this.setTimer(this.frameMs, callback);
  readonly isPage = () => true;
  readonly isVisible = () => this.#isVisible;
  readonly baseUrl = () => 'https://app.test/';
  readonly recall = (name: string) => this.#browser.remembered.get(name) ?? null;
  readonly remember = (name: string, value: string) => this.#browser.remember(this, name, value);
  readonly isPersistent = async () => this.#browser.isPersistent;
  readonly persist = async () => {
    this.#browser.isPersistent = true;
    return true;
  };
  readonly exposeSink = ({ deliver }: TabSink): TabSink => ({
    deliver: async (batch) => {
      this.hub = batch.hub;
      await deliver(batch);
      if (this.busyMs > 0) await new Promise<void>((done) => this.setTimer(this.busyMs, done));
      this.credited(batch);
    },
  });
  readonly openChannel = (name: string, hear: (message: unknown) => void) =>
    this.#browser.channels.open(this.life, name, hear);
  readonly locks: PagePlatform['locks'] = () => {
    if (this.#browser.grantsLocks) this.#locks ??= this.#browser.locks.of(this.life);
    return this.#locks;
  };
  #locks: ReturnType<PagePlatform['locks']>;

  watchPage(signal: AbortSignal, watcher: PageWatcher): void {
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#watchers.delete(watcher));
  }

  startWorker(): WorkerLine {
    const worker = this.#worker(this);
    this.#line = { worker };
    return worker.connect(this);
  }

  #hide(): void {
    for (const watcher of [...this.#watchers]) watcher.hide();
  }

  #signal(signal: 'online' | 'visible' | 'hidden'): void {
    for (const watcher of [...this.#watchers]) watcher.signal(signal);
  }
}
