import type { ClockReading } from '../protocol/port.ts';
import type { PagePlatform } from './platform.ts';

/** The server's clock as this page knows it; the browser's, until the hub has told. */
export interface Clock {
  now(): number;
  heard(reading: ClockReading): void;
}

export function createClock({ now, uptime }: PagePlatform): Clock {
  /** The server's clock, less the page's uptime, which no setting of the computer's clock moves. */
  let aheadMs: number | undefined;
  return {
    now: () => (aheadMs === undefined ? now() : uptime() + aheadMs),
    heard({ browser, server }) {
      // A batch takes its time to a page; a clock that was set back on the way says nothing about how long.
      const agoMs = Math.max(0, now() - browser);
      aheadMs = server + agoMs - uptime();
    },
  };
}
