import { readySince } from '../../engine/attempts.ts';
import type { NodeStateEvent } from '../../engine/events.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { attemptsOf } from './attempts.ts';

export type Order = 'start' | 'graph';
type Nodes = ReadonlyMap<string, NodeStateEvent>;

/** By begin, what has not begun at the end; or as the pipeline has them. */
export function sortedBy(order: Order, graph: readonly GraphStep[], nodes: Nodes): readonly GraphStep[] {
  if (order === 'graph') return graph;
  const begins = new Map(graph.map(({ nodeId }) => [nodeId, beginOf(nodes.get(`node:${nodeId}`))]));
  return graph.toSorted((a, b) => (begins.get(a.nodeId) ?? 0) - (begins.get(b.nodeId) ?? 0));
}

/** Not infinite: the difference of two would be no number. */
function beginOf(node: NodeStateEvent | undefined): number {
  return (node && attemptsOf(node)[0]?.startedAt) ?? Number.MAX_SAFE_INTEGER;
}

/** Since when a node that has not begun could have: all that it depends on has succeeded. `null`: it could not yet. */
export function waitsSince(step: GraphStep, nodes: Nodes, runStartedAt: number): number | null {
  const node = nodes.get(`node:${step.nodeId}`);
  if (node && node.state !== 'pending') return null;
  const before = step.after.flatMap((id) => nodes.get(`node:${id}`) ?? []);
  const isReady = before.length === step.after.length && before.every(({ state }) => state === 'succeeded');
  return isReady ? readySince(before, node?.readyAt ?? runStartedAt) : null;
}
