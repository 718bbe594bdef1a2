/** What a worker on a made browser has where a hub asks its platform for something. */
import type { TabSink } from '../../src/protocol/port.ts';
import type { Platform } from '../../worker/shell/platform.ts';
import type { BrowserProfile } from './browser-profile.ts';
import { type Lifetime, lifetimeTimer } from './lifetime.ts';
import { MemoryStore } from './store.ts';

/** Sinks to which nothing is posted any more. */
export const endedSinks = new WeakSet<TabSink>();

/** It ends with that life. */
export function platformOf(browser: BrowserProfile, life: Lifetime): Platform {
  const { clock, locks, channels, network } = browser;
  return {
    now: clock.now,
    ticks: () => clock.elapsed,
    stopwatch: () => clock.elapsed,
    random: () => browser.random(),
    uuid: () => browser.uuid(),
    setTimer: (delayMs, callback) => lifetimeTimer(clock, life, delayMs, callback),
    locks: browser.grantsLocks ? locks.of(life) : undefined,
    openSocket: (url, subprotocol) => network.open(life, url, subprotocol),
    diagnose: async () => ({ cause: 'unknown' }),
    createStore: ({ app, identity }) => {
      const source = {};
      const disk = browser.disk(app, identity);
      return new MemoryStore(disk, (work) => clock.post(source, () => life.run(work)));
    },
    forgetSavedState: ({ app, identity }) => browser.forgetStateDisk(app, identity),
    openChannel: (name, listener) => channels.open(life, name, listener),
    endSink: (sink) => endedSinks.add(sink),
    // Only a shared one ends itself.
    close() {},
  };
}
