/** What a component shows on a server, whatever it is made with. */
import type { Testbed } from '../../../testing/index.ts';
import type { protocol } from '../../browser/client/support/protocol.ts';

/** Connection, status, outbox, a pending command, the map, one key, a view from 0, and whether anything was sent. */
export const FIRST_VALUES = [
  { state: 'closed', reason: 'idle', attempt: 0, retryAt: null, circuit: 'closed' },
  { state: 'idle' },
  [],
  null,
  {},
  null,
  0,
  false,
];

/** A page's client, which would start its hub for any listener, and say so. */
export function tabThatSays(bed: Testbed<typeof protocol>) {
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  const { client } = bed.openTab({ log: { debug: say, warn: say } });
  return { client, said };
}
