import { now } from '../../shared/clock.ts';
import type { Contender } from '../../shared/contract.ts';
import { Painter } from './painter.ts';
import { Recorder } from './recorder.ts';

/** Makes a page of the contender that the runner can ask. */
export function start(contender: Contender): void {
  const recorder = new Recorder();
  const painter = new Painter(() => recorder.newest);
  const connect = (url: string) => contender.connect(url, { events: (batch) => recorder.take(batch) });
  window.bench = {
    connect,
    isOpen: () => contender.isOpen?.() ?? true,
    backoffBoundMs: () => contender.backoffBoundMs?.() ?? null,
    begin: (first) => recorder.begin(first),
    until: async (n, timeoutMs) =>
      recorder.has(n) || (await recorder.wait((event) => event.n === n, timeoutMs)) !== null,
    untilPublishedSince: (at, timeoutMs) => recorder.wait((event) => event.at >= at, timeoutMs),
    arrivals: () => recorder.arrivals(),
    arrivedAt: (n) => recorder.arrivedAt(n),
    receivedUpTo: (n) => recorder.receivedUpTo(n),
    state: () => recorder.state(),
    async timeToState(url, keys) {
      const start = now();
      const connected = connect(url);
      await recorder.untilKeys(keys);
      const ms = now() - start;
      await connected;
      return ms;
    },
    startPainting: () => painter.start(),
    stopPainting: () => painter.stop(),
    async queue(count, durability) {
      if (!contender.commands) return null;
      const start = now();
      await contender.commands.queue(count, durability);
      return now() - start;
    },
    async clear() {
      await contender.commands?.clear();
    },
    async untilSent(timeoutMs) {
      const late = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error(`not all was sent within ${timeoutMs} ms`)), timeoutMs);
      });
      await Promise.race([contender.commands?.untilSent?.(), late]);
    },
    async hub() {
      const hub = await contender.hub?.();
      if (!hub) throw new Error('this contender has no hub that can be asked');
      return hub;
    },
  };
}
