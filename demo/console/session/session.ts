import { offerInspector } from 'trunkline/inspector';
import type { Report } from '../errors/report.ts';
import { createToasts, type Toasts } from '../errors/toasts.ts';
import { createTrunk, type Trunk } from '../trunk.ts';
import { setIdentity } from './identity.ts';

export interface Session {
  readonly client: Trunk;
  readonly toasts: Toasts;
}

const sessions = new Map<string, Session>();

/**
 * One for each name that is signed in on this page. It is made outside of React, whose strict mode mounts everything
 * twice, and ends when any tab signs out.
 */
export function sessionOf(name: string, report: Report): Session {
  const known = sessions.get(name);
  if (known) return known;
  const toasts = createToasts();
  const client = createTrunk(name, ({ message, code, stack }) => {
    report({ message: `${code}: ${message}`, ...(stack !== undefined && { stack }) });
    toasts.add({ tone: 'error', text: message });
  });
  offerInspector(client);
  const session = { client, toasts };
  sessions.set(name, session);
  client.connection.subscribe((connection) => {
    if (connection.state !== 'closed' || connection.reason !== 'signed_out') return;
    sessions.delete(name);
    setIdentity(null);
  });
  return session;
}
