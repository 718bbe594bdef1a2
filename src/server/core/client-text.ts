import type { ClientKey } from '../log/event-log.ts';

/** The same for the same client, no other's. */
export function clientText({ principal, clientId }: ClientKey): string {
  return JSON.stringify([principal, clientId]);
}
