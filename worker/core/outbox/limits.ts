/** Whether there is room for one more command within the limits, and which one makes room. */
import { commandDefinition } from '../../../src/protocol/interpret.ts';
import type { Reply } from '../../../src/protocol/port.ts';
import { refusal } from '../reply.ts';
import { drop } from './endings.ts';
import { type Entry, hasNotLeft, inOrder, takeMarkBack } from './entry.ts';
import { type OutboxState, pendingIn } from './outbox-state.ts';

/** At the limit: refuses, or drops the oldest that was never handed to a socket, as the command's definition says. */
export function makeRoom(box: OutboxState, priority: 'high' | 'normal', type: string): Reply<never> | null {
  const { settings, protocol } = box.context;
  const limit = priority === 'high' ? settings.highLimit : settings.normalLimit;
  const peers = pendingIn(box).filter(({ row }) => row.priority === priority && !row.withdrawing);
  if (peers.length < limit) return null;
  const overflow =
    commandDefinition(protocol, type)?.overflow ?? (priority === 'high' ? 'refuse' : 'drop_oldest');
  const oldest = overflow === 'refuse' ? undefined : peers.sort(inOrder).find(hasNotLeft);
  if (!oldest) return refusal('outbox_full', `${type} was not taken: ${whatFills(peers, priority, limit)}`);
  takeMarkBack(oldest);
  drop(box, oldest, 'outbox_full', `made room for a newer command, at the limit of ${limit}`);
  return null;
}

function whatFills(peers: readonly Entry[], priority: 'high' | 'normal', limit: number): string {
  const waiting = peers.filter(({ delivery }) => delivery.state === 'waiting').length;
  return (
    `${peers.length} commands of ${priority} priority are pending, of all topics, and ${priority}Limit is ${limit}; ` +
    `the server has put off ${waiting} of them: wait, or cancel some`
  );
}
