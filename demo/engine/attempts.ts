/** What is told of the attempts at a node: those before the newest one, and since when each could have begun. */
import type { NodeStateEvent } from './events.ts';

/** So many of them are told, the newest: each change of a node tells them again. */
export const EARLIER_ATTEMPTS = 8;

/** A node that is to be attempted again: the attempt that it has had, if any, is now one of its earlier ones. */
export function setAside({ startedAt, finishedAt, readyAt, ...node }: NodeStateEvent): NodeStateEvent {
  const waits = { ...node, startedAt: null, finishedAt: null };
  if (startedAt === null || finishedAt === null) return waits;
  const { state, metrics, earlier = [] } = node;
  const ended = {
    state,
    ...(readyAt === undefined ? {} : { readyAt }),
    startedAt,
    finishedAt,
    // What a restart broke off was not measured: the metrics are of an attempt before it.
    ...(metrics === undefined || state === 'interrupted' ? {} : { metrics }),
  };
  return { ...waits, earlier: [...earlier, ended].slice(-EARLIER_ATTEMPTS) };
}

/**
 * Since when a node can begin: all that it depends on has ended.
 *
 * @param notBefore its run began then, or somebody asked then for another attempt, or the pause before it is over.
 */
export function readySince(before: readonly Pick<NodeStateEvent, 'finishedAt'>[], notBefore: number): number {
  return Math.max(notBefore, ...before.map(({ finishedAt }) => finishedAt ?? 0));
}
