/** What the server's time is, and how certain this page may be of it. */
import type { ServerTime } from '../protocol/model.ts';
import type { Batch, HubTime, WhenAsked } from '../protocol/port.ts';
import type { PagePlatform } from './platform.ts';

/** The server's clock as this page knows it; the browser's, until the hub has told. */
export interface Clock {
  now(): number;
  /** What `now` goes by. */
  read(): ServerTime;
  /** The server's alone, and only where it is certain: no clock was set, and no machine slept, since the hub told of it. */
  server(): number | null;
  /**
   * Now, for whoever is asked about it later, after a wait that a clock which is set back, or a sleep, does not shorten: the
   * answer is when it was, by the browser's clock as that stands then, and as the hub counts that was heard last.
   */
  asked(): () => WhenAsked & { askedAt: number };
  heard(batch: Batch): void;
}

/** What the browser's clock and the page's uptime may differ by without a word. */
const AGREE_MS = 1_000;

export function createClock({ now, uptime }: PagePlatform): Clock {
  /** The server's clock, less the page's uptime, which no setting of the computer's clock moves. */
  let aheadMs: number | undefined;
  /** The server's clock, less the browser's, as that was kept on the device. */
  let keptAheadMs: number | undefined;
  /** The browser's, less the same, when the hub was heard. */
  let browserAheadMs = 0;
  /** What the hub that was heard last had counted at the page's uptime 0. */
  let hubTime: HubTime | undefined;
  // A batch takes its time to a page; a clock that was set back on the way says nothing about how long.
  const ago = (at: number) => Math.max(0, now() - at);
  const read = (): ServerTime => {
    if (aheadMs !== undefined) return { now: uptime() + aheadMs, source: 'server' };
    if (keptAheadMs !== undefined) return { now: now() + keptAheadMs, source: 'device' };
    return { now: now(), source: 'browser' };
  };
  return {
    now: () => read().now,
    read,
    server: () =>
      aheadMs === undefined || Math.abs(now() - uptime() - browserAheadMs) > AGREE_MS
        ? null
        : Math.round(uptime() + aheadMs),
    asked() {
      const at = now();
      const began = uptime();
      return () => ({
        // Uptime may stand still while the machine sleeps.
        askedAt: Math.floor(Math.min(at, now() - (uptime() - began))),
        askedBy: hubTime && { ...hubTime, ticks: hubTime.ticks + began },
      });
    },
    heard({ hub, sentAt, clock, keptClock }) {
      if (sentAt) hubTime = { hub, ticks: sentAt.ticks + ago(sentAt.now) - uptime() };
      if (keptClock) keptAheadMs = keptClock.server - keptClock.browser;
      if (!clock) return;
      aheadMs = clock.server + ago(clock.browser) - uptime();
      browserAheadMs = now() - uptime();
    },
  };
}
