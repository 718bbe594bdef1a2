/** What a browser's worker does where the hub asks its platform for something. */
import { stateName } from '../../src/protocol/names.ts';
import { uuid } from '../../src/protocol/uuid.ts';
import type { Platform } from '../shell/platform.ts';
import { diagnose } from './diagnose.ts';
import { closePort } from './sink-ports.ts';
import { IdbStore } from './store/idb-store.ts';

export const browser: Platform = {
  now: () => Date.now(),
  ticks: () => Math.floor(performance.now()),
  stopwatch: () => performance.now(),
  random: () => Math.random(),
  uuid,
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  get locks() {
    return navigator.locks as LockManager | undefined;
  },
  openSocket: (url, subprotocol) =>
    subprotocol === null ? new WebSocket(url) : new WebSocket(url, subprotocol),
  diagnose,
  openChannel(name, listener) {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => listener(data);
    return { post: (message) => channel.postMessage(message), close: () => channel.close() };
  },
  createStore: (options) => new IdbStore(options),
  forgetSavedState({ app, identity }) {
    // Where the browser refuses even that, nothing of it is ever read.
    try {
      indexedDB.deleteDatabase(stateName(app, identity));
    } catch {}
  },
  endSink: closePort,
  close() {
    if ('onconnect' in globalThis) globalThis.close();
  },
};
