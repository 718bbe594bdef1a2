/** What of a run has to be looked at, and what of that first: the same in graph, table, legend and activity. */
import type { NodeState } from '../../engine/protocol.ts';

/**
 * What waits for a person comes first: its time runs, and when that is over it decides itself. What failed or was broken off holds
 * up what comes after it, and waits until somebody comes. What runs comes to its end alone. A rejected gate is decided, and says why
 * the rest was skipped. Then there is what has ended, and at last what there is nothing to tell of yet.
 */
export const BY_URGENCY: readonly NodeState[] = [
  'waiting',
  'failed',
  'interrupted',
  'running',
  'rejected',
  'succeeded',
  'skipped',
  'cancelled',
  'pending',
];

/** What is looked for in a large graph. */
export const IN_FOCUS: ReadonlySet<NodeState> = new Set(BY_URGENCY.slice(0, BY_URGENCY.indexOf('succeeded')));
