import type { NodeStateEvent } from '../../engine/events.ts';

/** How many of the nodes that depend on one, directly or not, have begun at least once: they would run again with it. */
export function begunAfter(
  graph: readonly { readonly nodeId: string; readonly after: readonly string[] }[],
  nodes: ReadonlyMap<string, Pick<NodeStateEvent, 'attempt'>>,
  nodeId: string,
): number {
  const dependants = new Map<string, string[]>(graph.map((step) => [step.nodeId, []]));
  for (const step of graph) for (const before of step.after) dependants.get(before)?.push(step.nodeId);
  const found = new Set([nodeId]);
  for (const id of found) for (const dependant of dependants.get(id) ?? []) found.add(dependant);
  found.delete(nodeId);
  return [...found].filter((id) => (nodes.get(`node:${id}`)?.attempt ?? 0) > 0).length;
}
