import { FakeChannels } from './channels.ts';
import type { HandClock } from './clock.ts';
import { Disk } from './disk.ts';
import { FakeLocks } from './locks.ts';
import type { FakeNetwork } from './network.ts';
import { FakePage } from './page.ts';
import { FakeWorker, type HubScript } from './worker.ts';

/** One person's browser: what its pages and workers share. */
export class FakeBrowser {
  readonly clock: HandClock;
  readonly network: FakeNetwork;
  readonly locks: FakeLocks;
  readonly channels: FakeChannels;
  /** What pages keep outside of their hub's database. */
  readonly remembered = new Map<string, string>();
  /** Whether it keeps what the origin stores though space is short. */
  isPersistent = false;
  /** Called when one of its workers has ended, however that came. */
  workerEnded: () => void = () => {};
  /** Uniform in [0, 1). */
  random: () => number = () => 0.5;
  readonly #disks = new Map<string, Disk>();
  /** The SharedWorkers, by the URL of their script. */
  readonly #workers = new Map<string, FakeWorker>();
  readonly #id: number;
  #uuids = 0;

  /** @param id of this browser among others, up to 99,999,999 */
  constructor(clock: HandClock, network: FakeNetwork, id = 0) {
    this.#id = id;
    this.clock = clock;
    this.network = network;
    this.locks = new FakeLocks(clock);
    this.channels = new FakeChannels(clock);
  }

  uuid(): string {
    const count = (++this.#uuids).toString(16).padStart(12, '0');
    return `${String(this.#id).padStart(8, '0')}-0000-4000-8000-${count}`;
  }

  disk(app: string, identity: string): Disk {
    const name = JSON.stringify([app, identity]);
    const known = this.#disks.get(name);
    if (known) return known;
    const disk = new Disk(this.uuid());
    disk.isWrittenUnknown = () => this.random() < 0.5;
    this.#disks.set(name, disk);
    return disk;
  }

  /** A page whose worker is shared by all pages that name the same script. */
  page(url: string, script: () => HubScript): FakePage {
    return new FakePage(this, () => {
      const running = this.#workers.get(url);
      if (running && !running.life.isDead) return running;
      const worker = new FakeWorker(this, script(), false);
      this.#workers.set(url, worker);
      return worker;
    });
  }

  /** A page with a worker of its own: as in a browser that has no SharedWorker. */
  pageAlone(script: () => HubScript): FakePage {
    return new FakePage(this, (page) => {
      const worker = new FakeWorker(this, script(), true);
      page.life.atEnd(() => worker.kill());
      return worker;
    });
  }

  /** The shared worker of this script, if it lives. */
  worker(url: string): FakeWorker | null {
    const worker = this.#workers.get(url);
    return worker && !worker.life.isDead ? worker : null;
  }
}
