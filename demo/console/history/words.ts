import type { AuditEntry } from '../../engine/events.ts';
import type { AuditAction } from '../../engine/protocol.ts';
import type { GraphStep } from '../graph/use-graph.ts';

/** What stands between the person and the node, and behind it: `wanted to run` X `again`. */
interface Words {
  readonly did: string;
  /** Where it was refused. */
  readonly wanted: string;
  readonly after?: string;
}

const WORDS: Record<AuditAction, Words> = {
  start: { did: 'started the run', wanted: 'wanted to start the run' },
  approve: { did: 'approved', wanted: 'wanted to approve' },
  reject: { did: 'rejected', wanted: 'wanted to reject' },
  cancel: { did: 'cancelled the run', wanted: 'wanted to cancel the run' },
  retry: { did: 'ran', wanted: 'wanted to run', after: 'again' },
  retry_failed: { did: 'ran the failed nodes again', wanted: 'wanted to run the failed nodes again' },
  rerun_from: { did: 'ran the run again from', wanted: 'wanted to run the run again from' },
  expire: { did: 'closed', wanted: 'wanted to close' },
  withdraw: { did: 'withdrew', wanted: 'wanted to withdraw', after: 'with its run' },
  restart: {
    did: 'was restarted and goes on with the run',
    wanted: 'wanted to go on with the run',
  },
  interrupt: { did: 'broke off', wanted: 'wanted to break off' },
  give_up: { did: 'gave the run up', wanted: 'wanted to give the run up' },
};

const RETRY_OF_GATE: Words = { did: 'asked', wanted: 'wanted to ask', after: 'again' };

/** Who, and what they did: to be read with the node's title between the two. */
export function sayDeed(
  { by, action, outcome }: AuditEntry,
  kind: GraphStep['kind'] = 'task',
): { before: string; after: string } {
  const { did, wanted, after = '' } = action === 'retry' && kind === 'gate' ? RETRY_OF_GATE : WORDS[action];
  return { before: `${by ?? 'The server'} ${outcome === 'done' ? did : wanted}`, after };
}
