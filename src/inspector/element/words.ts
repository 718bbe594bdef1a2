/** How figures and states are said. */
import type { Connection, HubReport } from '../../protocol/model.ts';

const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

export const sayCount = (value: number): string => count.format(value);
export const sayRate = (perSecond: number): string =>
  perSecond < 10 ? tenths.format(perSecond) : count.format(perSecond);

/** To the millisecond; of another day than today the date and the minute. @param at ms since 1970 */
export function sayTime(at: number): string {
  const time = new Date(at);
  const two = (value: number) => `${value}`.padStart(2, '0');
  if (time.toDateString() !== new Date().toDateString())
    return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`;
  const ms = `${time.getMilliseconds()}`.padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

export function sayDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${tenths.format(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
}

export function sayBytes(bytes: number): string {
  if (bytes < 1_000) return `${Math.round(bytes)} B`;
  if (bytes < 1_000_000) return `${tenths.format(bytes / 1_000)} kB`;
  return bytes < 1e9 ? `${tenths.format(bytes / 1e6)} MB` : `${tenths.format(bytes / 1e9)} GB`;
}

/** Of a field, as `messagesIn`, in words. */
export const sayName = (name: string): string =>
  name
    .replace(/^./, (letter) => letter.toUpperCase())
    .replace(/(?!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** In a word or two, without what it waits for. */
export function sayState(connection: Connection): string {
  if (connection.state === 'closed') return `closed: ${connection.reason.replaceAll('_', ' ')}`;
  if (connection.state === 'open' && connection.suspect) return 'open, being checked';
  return connection.state;
}

/** By which of the styles' states it is coloured. */
export const toneOf = (connection: Connection): string =>
  connection.state === 'closed' && connection.reason === 'idle' ? 'quiet' : TONES[connection.state];
const TONES = { open: 'good', connecting: 'busy', closing: 'quiet', closed: 'bad' } as const;

/** What more is known of it. */
export function sayMore(connection: Connection): string {
  switch (connection.state) {
    case 'open': {
      const { session, rttMs } = connection;
      return [`session ${session.slice(0, 8)}`, rttMs !== null && `round trip ${sayDuration(rttMs)}`]
        .filter(Boolean)
        .join(', ');
    }
    case 'connecting':
      return `try ${connection.attempt + 1}`;
    case 'closing':
      return '';
    case 'closed': {
      const { detail, attempt, retryAt, circuit } = connection;
      return [
        detail?.message,
        detail?.cause && `cause: ${detail.cause.replaceAll('_', ' ')}`,
        detail?.closeCode !== undefined && `close code ${detail.closeCode}`,
        attempt > 0 && `${attempt} failed in a row`,
        retryAt !== null && `next try at ${sayTime(retryAt)}`,
        circuit !== 'closed' && `circuit ${circuit}`,
      ]
        .filter(Boolean)
        .join(', ');
    }
  }
}

export function sayRole({ role }: HubReport): string {
  if (role.state === 'owner') return `owner, term ${role.term}`;
  return role.state === 'relay' ? `relay to ${role.owner.slice(0, 8)}` : role.state;
}
