import type { NodeStateEvent } from '../../engine/events.ts';
import type { NodeState } from '../../engine/protocol.ts';

/** One go at a node. */
export interface Attempt {
  readonly state: NodeState;
  /** Since when it could begin. An engine of an older version does not tell: it is taken for one that waited for nothing. */
  readonly readyAt: number;
  readonly startedAt: number;
  /** `null`: it goes on. */
  readonly finishedAt: number | null;
  /** Of itself, but for `cost`: that of all of the node's until its end. */
  readonly metrics: NodeStateEvent['metrics'];
}

/** All that are known, in their order. */
export function attemptsOf(node: NodeStateEvent): readonly Attempt[] {
  const earlier = (node.earlier ?? []).map(({ state, readyAt, startedAt, finishedAt, metrics }) => ({
    state,
    readyAt: readyAt ?? startedAt,
    startedAt,
    finishedAt,
    metrics,
  }));
  return [...earlier, ...newestOf(node)];
}

/** Who could not begin for less than this did not wait: the engine itself takes a moment. */
const LEAST_WAIT_MS = 50;

export function hasWaited({ readyAt, startedAt }: Attempt): boolean {
  return startedAt - readyAt >= LEAST_WAIT_MS;
}

/** How long it ran until `now`, in all attempts. */
export function ranMs(attempts: readonly Attempt[], now: number): number {
  return attempts.reduce(
    (sum, { startedAt, finishedAt }) => sum + Math.max(0, (finishedAt ?? now) - startedAt),
    0,
  );
}

function newestOf({ state, readyAt, startedAt, finishedAt, metrics }: NodeStateEvent): readonly Attempt[] {
  if (startedAt === null) return [];
  const isMeasured = state === 'succeeded' || state === 'failed' || state === 'cancelled';
  // What still runs, or was broken off by a restart, has the metrics of an attempt before it.
  const own = isMeasured ? metrics : undefined;
  return [{ state, readyAt: readyAt ?? startedAt, startedAt, finishedAt, metrics: own }];
}
