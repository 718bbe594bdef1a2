import type { ClockReading } from '../protocol/port.ts';
import type { PagePlatform } from './platform.ts';

/** The server's clock as this page knows it; the browser's, until the hub has told. */
export interface Clock {
  now(): number;
  /** The server's alone, and only where it is certain: no clock was set, and no machine slept, since the hub told of it. */
  server(): number | null;
  heard(reading: ClockReading): void;
}

/** What the browser's clock and the page's uptime may differ by without a word. */
const AGREE_MS = 1_000;

export function createClock({ now, uptime }: PagePlatform): Clock {
  /** The server's clock, less the page's uptime, which no setting of the computer's clock moves. */
  let aheadMs: number | undefined;
  /** The browser's, less the same, when the hub was heard. */
  let browserAheadMs = 0;
  return {
    now: () => (aheadMs === undefined ? now() : uptime() + aheadMs),
    server: () =>
      aheadMs === undefined || Math.abs(now() - uptime() - browserAheadMs) > AGREE_MS
        ? null
        : Math.round(uptime() + aheadMs),
    heard({ browser, server }) {
      // A batch takes its time to a page; a clock that was set back on the way says nothing about how long.
      const agoMs = Math.max(0, now() - browser);
      aheadMs = server + agoMs - uptime();
      browserAheadMs = now() - uptime();
    },
  };
}
