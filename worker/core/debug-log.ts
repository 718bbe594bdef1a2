/** What `log: 'debug'` tells of a hub, in one line for each change. */
import type { Connection, HubReport, StorageHealth } from '../../src/protocol/model.ts';

/** No token, no payload, and of the URL the origin alone. */
export function storyOf(
  role: HubReport['role'],
  storage: StorageHealth,
  connection: Connection,
  origin: string,
): string {
  const who = role.state === 'owner' ? `owner of term ${role.term}` : role.state;
  const stored = storage.state === 'ok' ? 'ok' : storage.reason;
  return `the hub is ${who}; its storage: ${stored}; its connection: ${lineOf(connection, origin)}`;
}

function lineOf(connection: Connection, origin: string): string {
  if (connection.state === 'open') return `open to ${origin}, session ${connection.session}`;
  if (connection.state !== 'closed') return connection.state;
  const { reason, detail } = connection;
  return `closed, ${reason}${detail?.message ? ` (${detail.message})` : ''}`;
}
