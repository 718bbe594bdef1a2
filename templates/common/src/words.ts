/** What a person is told, in words. */
import type { Connection } from 'trunkline';
import { isPending, type Row } from './rows.ts';

/** How the line is, and why there is none. */
export function sayLine(connection: Connection): string {
  if (connection.state !== 'closed') return connection.state;
  return [connection.state, connection.reason, connection.detail?.message].filter(Boolean).join(', ');
}

export function sayTabs(tabs: number): string {
  return tabs === 1 ? '1 tab' : `${tabs} tabs share one connection`;
}

export interface Standing {
  readonly kind: 'accepted' | 'pending' | 'failed';
  readonly text: string;
}

/** How the newest command about a row stands. `accepted`: the server has it. */
export function standingOf({ entry }: Row): Standing {
  if (!entry) return { kind: 'accepted', text: 'accepted' };
  const text = 'error' in entry ? `${entry.state}: ${entry.error.message}` : entry.state;
  return { kind: isPending(entry) ? 'pending' : 'failed', text };
}
