/**
 * Whether an id that is not found may be one that was forgotten since the client was told how far the memory reaches. Then
 * its connection ends: the next `welcome` says so, and the client leaves to a person what it would have sent again.
 */
import type { EventLog } from '../log/event-log.ts';
import type { Requester } from './command-lanes.ts';

export async function hasForgotten(log: EventLog, requester: Requester): Promise<boolean> {
  if ((await log.dedupeSince()) <= requester.rememberedSince) return false;
  requester.outlivedMemory();
  return true;
}
