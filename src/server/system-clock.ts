/** The clock of a real server. */
import type { Clock } from './core/peer.ts';
import { startTimer } from './timer.ts';

/** Its timers do not keep the process alive: the http server does, for as long as there is something to serve. */
export const systemClock: Clock = {
  now: () => Date.now(),
  get elapsed() {
    return performance.now();
  },
  setTimer: (delayMs, callback) => startTimer(delayMs, callback, { keepsAlive: false }),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};
