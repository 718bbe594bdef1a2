/** The clock of a real server. */
import type { Clock } from './core/peer.ts';
import { startTimer } from './timer.ts';

/** Whoever waits for a turn goes on in the same one, so that a log can write at once what they ask of it. */
let turning: Promise<void> | null = null;

/** Its timers do not keep the process alive: the http server does, for as long as there is something to serve. */
export const systemClock: Clock = {
  now: () => Date.now(),
  get elapsed() {
    return performance.now();
  },
  setTimer: (delayMs, callback) => startTimer(delayMs, callback, { keepsAlive: false }),
  turn: nextTurn,
};

/** Lets what has arrived meanwhile be taken first. */
export function nextTurn(): Promise<void> {
  turning ??= new Promise((resolve) => {
    setImmediate(() => {
      turning = null;
      resolve();
    });
  });
  return turning;
}
