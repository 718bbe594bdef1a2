import type { Clock } from './core/peer.ts';

/** Its timers do not keep the process alive: the http server does, for as long as there is something to serve. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
