import type { NodeStateEvent } from '../../engine/events.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { attemptsOf, ranMs } from './attempts.ts';

/** Nodes that each waited for the one before, from the first to the last. */
export interface Chain {
  readonly nodeIds: readonly string[];
  /** What they ran in all, in ms of the server's clock. */
  readonly ms: number;
}

/**
 * The critical path of what has run until `now`: the chain that took longest. With any number of places to run at, the run could
 * not have been shorter. `null` before anything has run.
 *
 * @param steps each after all that it depends on.
 * @param nodes by the key of their event.
 */
export function longestChain(
  steps: readonly GraphStep[],
  nodes: ReadonlyMap<string, NodeStateEvent>,
  now: number,
): Chain | null {
  const best = new Map<string, { ms: number; before: string | null }>();
  let last: string | null = null;
  for (const { nodeId, after } of steps) {
    const node = nodes.get(`node:${nodeId}`);
    const attempts = node ? attemptsOf(node) : [];
    if (attempts.length === 0) continue;
    let before: string | null = null;
    for (const id of after) if (msOf(best, id) > msOf(best, before)) before = id;
    best.set(nodeId, { ms: Math.max(0, msOf(best, before)) + ranMs(attempts, now), before });
    if (msOf(best, nodeId) > msOf(best, last)) last = nodeId;
  }
  if (last === null) return null;
  const nodeIds: string[] = [];
  for (let id: string | null = last; id !== null; id = best.get(id)?.before ?? null) nodeIds.push(id);
  return { nodeIds: nodeIds.reverse(), ms: msOf(best, last) };
}

function msOf(best: ReadonlyMap<string, { readonly ms: number }>, id: string | null): number {
  return (id === null ? undefined : best.get(id)?.ms) ?? -1;
}

/** Each after all that it depends on, whatever the order of the pipeline. */
export function inOrder(graph: readonly GraphStep[]): readonly GraphStep[] {
  const steps = new Map(graph.map((step) => [step.nodeId, step]));
  const missing = new Map(graph.map(({ nodeId, after }) => [nodeId, new Set(after).size]));
  const dependants = new Map<string, string[]>(graph.map(({ nodeId }) => [nodeId, []]));
  for (const { nodeId, after } of graph) for (const id of new Set(after)) dependants.get(id)?.push(nodeId);
  const ordered = graph.filter(({ after }) => after.length === 0);
  // It grows while it is walked through.
  for (const { nodeId } of ordered) {
    for (const id of dependants.get(nodeId) ?? []) {
      const left = (missing.get(id) ?? 0) - 1;
      missing.set(id, left);
      const step = steps.get(id);
      if (left === 0 && step) ordered.push(step);
    }
  }
  return ordered;
}
