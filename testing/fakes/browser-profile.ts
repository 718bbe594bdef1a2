import { FakeChannels } from './channels.ts';
import type { ManualClock } from './clock.ts';
import { Disk } from './disk.ts';
import { FakeLocks } from './locks.ts';
import type { FakeNetwork } from './network.ts';
import { StateDisk } from './state-store.ts';

/** What a page is told of others' memory. */
export interface RememberingPage {
  remembered(): void;
}

/** What the pages and workers of one person's browser share. */
export class BrowserProfile {
  readonly clock: ManualClock;
  readonly network: FakeNetwork;
  readonly locks: FakeLocks;
  readonly channels: FakeChannels;
  /** What pages keep outside of their hub's database. */
  readonly remembered = new Map<string, string>();
  /** Whether it grants Web Locks: none does on plain http:, or where site data is blocked. */
  grantsLocks = true;
  /** Of the `sync` events that pages have asked for, and that have not come yet. */
  readonly syncTags = new Set<string>();
  /** A person has denied them. */
  refusesSync = false;
  readonly pages = new Set<RememberingPage>();
  /** Whether it keeps what the origin stores though space is short. */
  isPersistent = false;
  /** Called when one of its workers has ended, however that came. */
  workerEnded: () => void = () => {};
  /** How long it takes a worker to post one batch to a page, in milliseconds and fractions of them; no time passes by it. */
  postingMs: () => number = () => 0;
  /** Uniform in [0, 1). */
  random: () => number = () => 0.5;
  readonly #disks = new Map<string, Disk>();
  readonly #stateDisks = new Map<string, StateDisk>();
  readonly #id: number;
  #uuids = 0;

  /** @param id of this browser among others, up to 99,999,999 */
  constructor(clock: ManualClock, network: FakeNetwork, id = 0) {
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

  /** @param by the page that does it: only the others hear of it */
  remember(by: RememberingPage, name: string, value: string): void {
    this.remembered.set(name, value);
    for (const page of this.pages) if (page !== by) page.remembered();
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

  /** What is kept of the last known state. */
  stateDisk(app: string, identity: string): StateDisk {
    const name = JSON.stringify([app, identity]);
    const disk = this.#stateDisks.get(name) ?? new StateDisk();
    this.#stateDisks.set(name, disk);
    return disk;
  }

  forgetStateDisk(app: string, identity: string): void {
    this.#stateDisks.get(JSON.stringify([app, identity]))?.erase();
  }
}
