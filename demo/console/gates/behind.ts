import type { GraphStep } from '../graph/use-graph.ts';

/** What runs only when this node has succeeded, the nearest first. */
export function behind(nodeId: string, graph: readonly GraphStep[]): readonly GraphStep[] {
  const dependants = new Map<string, GraphStep[]>();
  for (const step of graph)
    for (const before of step.after) {
      const known = dependants.get(before);
      if (known) known.push(step);
      else dependants.set(before, [step]);
    }
  const found = new Set<GraphStep>();
  const look = [nodeId];
  for (const id of look)
    for (const step of dependants.get(id) ?? []) {
      if (found.has(step)) continue;
      found.add(step);
      look.push(step.nodeId);
    }
  return [...found];
}

/** `Write the report, and 3 more` */
export function sayBehind([first, ...more]: readonly string[]): string {
  if (first === undefined) return 'nothing, it is the last step';
  return more.length === 0 ? first : `${first}, and ${more.length} more`;
}
