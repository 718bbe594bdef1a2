const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const KB_BYTES = 1_000;
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const MINUTE = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const COUNT = new Intl.NumberFormat('en');

/** `820 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(ms: number): string {
  if (ms < SECOND_MS) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min ${Math.floor((ms % MINUTE_MS) / SECOND_MS)} s`;
  return `${Math.floor(ms / HOUR_MS)} h ${Math.floor((ms % HOUR_MS) / MINUTE_MS)} min`;
}

/** Of what goes on, and is read anew each second: `12 s`, then as the others. */
export function formatSoFar(ms: number): string {
  return ms < MINUTE_MS ? `${Math.floor(ms / SECOND_MS)} s` : formatDuration(ms);
}

/** `4:05`, `23:04:05`; a countdown ends at `0:00`. */
export function formatCountdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND_MS));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  const two = (part: number) => String(part).padStart(2, '0');
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

/** `2 days`, `5 minutes`, `1 minute`, `30 seconds`: in words. */
export function sayDuration(ms: number): string {
  if (ms >= DAY_MS) return plural(Math.round(ms / DAY_MS), 'day');
  if (ms >= HOUR_MS) return plural(Math.round(ms / HOUR_MS), 'hour');
  if (ms >= MINUTE_MS) return plural(Math.round(ms / MINUTE_MS), 'minute');
  return plural(Math.max(0, Math.round(ms / SECOND_MS)), 'second');
}

export function formatBytes(bytes: number): string {
  if (bytes < KB_BYTES) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / KB_BYTES;
  let unit = 0;
  while (value >= KB_BYTES && unit < units.length - 1) {
    value /= KB_BYTES;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function formatClock(time: number): string {
  return CLOCK.format(time);
}

/** Where it is not of today, with its day. */
export function formatMoment(time: number): string {
  return withDay(time, CLOCK);
}

/** To the minute; where it is not of today, with its day. */
export function formatMinute(time: number): string {
  return withDay(time, MINUTE);
}

function withDay(time: number, format: Intl.DateTimeFormat): string {
  const isToday = new Date(time).toDateString() === new Date().toDateString();
  return isToday ? format.format(time) : `${DAY.format(time)}, ${format.format(time)}`;
}

/** `29 Mar 2023` */
export function formatDay(time: number): string {
  return DATE.format(time);
}

export function formatCount(count: number): string {
  return COUNT.format(count);
}

export function formatMoney(amount: number, currency: string): string {
  const digits = amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2;
  try {
    return new Intl.NumberFormat('en', {
      style: 'currency',
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(amount);
  } catch {
    // Not every currency of a pipeline has an ISO code.
    return `${amount.toFixed(digits)} ${currency}`;
  }
}

export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
