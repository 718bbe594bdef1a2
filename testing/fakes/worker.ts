/** How a worker with the real hubs runs on a made browser, and how its messages reach pages. */
import type { WorkerLine } from '../../src/client/platform.ts';
import type { HubPort } from '../../src/protocol/calls.ts';
import { persistentType } from '../../src/protocol/interpret.ts';
import type { TabSink } from '../../src/protocol/port.ts';
import type { AnyProtocol } from '../../src/protocol/types.ts';
import type { PlainSupport } from '../../worker/core/dialect/plain-support.ts';
import { KeptStates } from '../../worker/core/saved-state/kept-states.ts';
import type { SavedStateSupport } from '../../worker/core/saved-states.ts';
import { type GivenSettings, hubSettings } from '../../worker/core/settings.ts';
import { Hubs } from '../../worker/shell/hubs.ts';
import { pagePort } from '../../worker/shell/port.ts';
import { StoreLine } from '../../worker/shell/state-line.ts';
import type { BrowserProfile } from './browser-profile.ts';
import { Lifetime } from './lifetime.ts';
import { endedSinks, platformOf } from './platform.ts';
import { MemoryStateStore } from './state-store.ts';

/** What a worker's script says: its `hub.ts`. */
export interface HubScript {
  readonly protocol: AnyProtocol;
  readonly settings?: GivenSettings;
  /** As `startHub` has it. */
  readonly plain?: PlainSupport;
  /** Milliseconds that it outlives its last page: `extendedLifetime` gives 300,000. @default 0 */
  readonly outlivesMs?: number;
}

/** A page, as the worker that it is connected to sees it. */
export interface ConnectedPage {
  readonly life: Lifetime;
  /** Called before each message to it. */
  evictIfCached(): void;
  /** Called as it subscribes. */
  subscribed(...about: Parameters<HubPort['subscribe']>): void;
}

/** One worker: the real hubs, on a platform that ends with it. */
export class FakeWorker {
  life = new Lifetime();
  readonly isOwn: boolean;
  readonly #script: HubScript;
  readonly #browser: BrowserProfile;
  #hubs: Hubs;
  /** The port of each page that is connected. */
  readonly #ports = new Set<{ port: HubPort }>();
  readonly #pages = new Set<ConnectedPage>();
  /** So long it has taken by now to post batches. */
  #postedMs = 0;

  constructor(browser: BrowserProfile, script: HubScript, isOwn: boolean) {
    this.#browser = browser;
    this.#script = script;
    this.isOwn = isOwn;
    this.life.atEnd(() => browser.workerEnded());
    this.#hubs = this.#newHubs();
  }

  #newHubs(): Hubs {
    const { life } = this;
    const { protocol, settings, plain } = this.#script;
    return new Hubs(
      {
        ...platformOf(this.#browser, life),
        stopwatch: () => this.#browser.clock.elapsed + this.#postedMs,
        close: () => {
          if (!this.isOwn) life.end();
        },
      },
      protocol,
      hubSettings(settings ?? {}),
      persistentType(protocol) === undefined ? null : this.#savedState(),
      plain,
    );
  }

  /** As when its process is killed: nobody is told. */
  kill(): void {
    this.life.end();
  }

  /** With fresh globals on the same ports, and nobody is told (https://github.com/WebKit/WebKit/pull/71486). */
  restart(): void {
    const { life } = this;
    this.life = new Lifetime();
    this.#hubs = this.#newHubs();
    for (const end of this.#ports) end.port = pagePort(this.#hubs);
    life.end();
  }

  /** A page's way to it. */
  connect(page: ConnectedPage): WorkerLine {
    const { clock } = this.#browser;
    const end = { port: pagePort(this.#hubs) };
    this.#ports.add(end);
    const up = {};
    const down = {};
    let isClosed = false;
    const toWorker = (work: () => void) => clock.post(up, () => this.life.run(work));
    const posting = () => {
      this.#postedMs += this.#browser.postingMs();
    };
    const toPage = (life: Lifetime) => (work: () => void) => {
      if (isClosed || life.isDead) return;
      page.evictIfCached();
      clock.post(down, () => page.life.run(() => isClosed || work()));
    };
    const call = (method: keyof HubPort, args: readonly unknown[]) =>
      new Promise((resolve, reject) => {
        if (isClosed) return;
        if (method === 'subscribe') page.subscribed(...(args as Parameters<HubPort['subscribe']>));
        const copies = args.map((arg) => (isSink(arg) ? arg : structuredClone(arg)));
        toWorker(() => {
          const answer = toPage(this.life);
          const received = copies.map((copy) =>
            isSink(copy) ? stub(copy, answer, toWorker, posting) : copy,
          );
          const answered: Promise<unknown> = Reflect.apply(end.port[method], end.port, received);
          answered.then(
            (value) => answer(() => resolve(structuredClone(value))),
            (error) => answer(() => reject(error)),
          );
        });
      });
    const hub = new Proxy({} as HubPort, {
      get:
        (_, method) =>
        (...args: unknown[]) =>
          call(method as keyof HubPort, args),
    });
    this.#pages.add(page);
    page.life.atEnd(() => this.#leave(page));
    return {
      isOwn: this.isOwn,
      hub,
      close: () => {
        isClosed = true;
        this.#ports.delete(end);
        if (this.isOwn) this.kill();
      },
    };
  }

  #leave(page: ConnectedPage): void {
    this.#pages.delete(page);
    if (this.#pages.size > 0) return;
    this.#browser.clock.setTimer(this.#script.outlivesMs ?? 0, () => {
      if (this.#pages.size === 0) this.kill();
    });
  }

  #savedState(): SavedStateSupport {
    const { life } = this;
    const { clock } = this.#browser;
    return {
      createStates: (context, owner) => new KeptStates(context, owner),
      createLine: ({ app, identity }, answered) => {
        const source = {};
        const disk = this.#browser.stateDisk(app, identity);
        const store = new MemoryStateStore(disk, (work) => clock.post(source, () => life.run(work)));
        return new StoreLine(store, answered);
      },
    };
  }
}

function isSink(value: unknown): value is TabSink {
  return typeof value === 'object' && value !== null && 'deliver' in value;
}

/** The page's ear, as the worker has it. */
function stub(
  sink: TabSink,
  toPage: (work: () => void) => void,
  toWorker: (work: () => void) => void,
  posting: () => void,
): TabSink {
  const remote: TabSink = {
    deliver: (batch) =>
      new Promise((resolve, reject) => {
        if (endedSinks.has(remote)) return;
        posting();
        const copy = structuredClone(batch);
        toPage(() =>
          sink.deliver(copy).then(
            () => toWorker(resolve),
            (error) => toWorker(() => reject(error)),
          ),
        );
      }),
  };
  return remote;
}
