import type { GraphStep } from './use-graph.ts';

/** More than can be told apart at one look. */
export const MANY = 150;
/** Fewer stay nodes of their own. */
const FEWEST = 4;
/** `_ID0000012`, ` 12`, `#3`, ` (7)`: what tells apart the tasks of one program. */
const NUMBER = /(?:[\s_.:-]+ID)?[\s_.:#([-]*\d+[)\]]*$/;

/** Nodes that do the same at the same depth of a large graph, drawn as one. */
export interface Stage {
  readonly stageId: string;
  readonly title: string;
  readonly steps: readonly GraphStep[];
}

/**
 * None where the graph is small enough to show each node. Else the finest stages that make it so: a program at a depth, all
 * of a depth, some depths together. Since what comes after another is deeper, stages never depend on each other in a circle.
 */
export function toStages(graph: readonly GraphStep[]): Stage[] {
  if (graph.length <= MANY) return [];
  const depths = depthsOf(graph);
  const depthOf = ({ nodeId }: GraphStep) => depths.get(nodeId) ?? 0;
  const perBand = Math.max(FEWEST, Math.ceil((1 + Math.max(...depths.values())) / MANY));
  const ways: readonly ((step: GraphStep) => string)[] = [
    (step) => `${depthOf(step)}:${step.kind}:${programOf(step.title)}`,
    (step) => `${depthOf(step)}`,
    (step) => `${Math.floor(depthOf(step) / perBand)}`,
  ];
  const inOrder = graph.toSorted((a, b) => depthOf(a) - depthOf(b));
  let groups: [string, GraphStep[]][] = [];
  for (const way of ways) {
    groups = [...Map.groupBy(inOrder, way)];
    if (drawnOf(groups) <= MANY) break;
  }
  return groups
    .filter(([, steps]) => steps.length >= FEWEST)
    .map(([key, steps]) => ({ stageId: `stage:${key}`, title: titleOf(steps), steps }));
}

function drawnOf(groups: readonly (readonly [string, readonly GraphStep[]])[]): number {
  return groups.reduce((sum, [, { length }]) => sum + (length < FEWEST ? length : 1), 0);
}

/** A title without its number. */
export function programOf(title: string): string {
  const program = title.replace(NUMBER, '');
  return program === '' ? title : program;
}

function titleOf(steps: readonly GraphStep[]): string {
  const titles = new Set(steps.map(({ title }) => title));
  const [only = '', ...others] =
    titles.size === 1 ? titles : new Set(steps.map(({ title }) => programOf(title)));
  const [second, ...rest] = others;
  if (second === undefined) return only;
  return rest.length === 0 ? `${only}, ${second}` : `${only}, ${second} and ${rest.length} more`;
}

/** By the longest way from a node that comes after none. Of nodes in a circle the first one is taken to come after none. */
function depthsOf(graph: readonly GraphStep[]): Map<string, number> {
  const depths = new Map(graph.map(({ nodeId }) => [nodeId, 0]));
  const known = graph.map((step) => ({ ...step, after: step.after.filter((before) => depths.has(before)) }));
  const open = new Map(known.map(({ nodeId, after }) => [nodeId, after.length]));
  const followers = new Map<string, string[]>();
  for (const { nodeId, after } of known)
    for (const before of after) followers.set(before, [...(followers.get(before) ?? []), nodeId]);

  const settle = (first: string) => {
    const ready = [first];
    for (let nodeId = ready.pop(); nodeId !== undefined; nodeId = ready.pop()) {
      open.delete(nodeId);
      for (const next of followers.get(nodeId) ?? []) {
        const left = open.get(next);
        if (left === undefined) continue;
        depths.set(next, Math.max(depths.get(next) ?? 0, (depths.get(nodeId) ?? 0) + 1));
        open.set(next, left - 1);
        if (left === 1) ready.push(next);
      }
    }
  };
  for (const { nodeId, after } of known) if (after.length === 0) settle(nodeId);
  for (const { nodeId } of known) if (open.has(nodeId)) settle(nodeId);
  return depths;
}
