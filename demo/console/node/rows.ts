/** Which nodes the table shows, and in what order. */
import type { NodeStateEvent } from '../../engine/events.ts';
import type { NodeState } from '../../engine/protocol.ts';
import { durationIn, type RunTime } from '../runs/run-time.ts';
import { BY_URGENCY } from '../ui/urgency.ts';

export interface Row {
  readonly nodeId: string;
  readonly title: string;
  readonly state: NodeState;
  /** `undefined` while it has not left `pending`. */
  readonly node: NodeStateEvent | undefined;
}
export type Column = 'name' | 'state' | 'start' | 'duration' | 'attempt' | 'cost';
export interface Order {
  readonly by: Column;
  readonly isDescending: boolean;
}
export interface Clock {
  /** Whose time it is: a replay's is that of what was recorded. */
  readonly run: RunTime;
  readonly now: number;
}
export interface Filter {
  /** Empty: all. */
  readonly states: ReadonlySet<NodeState>;
  /** Part of a title or an id, in any case. */
  readonly name: string;
}

const NAMES = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export function rowsOf(
  graph: readonly { readonly nodeId: string; readonly title: string }[],
  nodes: ReadonlyMap<string, NodeStateEvent>,
): readonly Row[] {
  return graph.map(({ nodeId, title }) => {
    const node = nodes.get(`node:${nodeId}`);
    return { nodeId, title, node, state: node?.state ?? 'pending' };
  });
}

/** How many there are of each state that there is, the most urgent first. */
export function countStates(rows: readonly Row[]): readonly (readonly [NodeState, number])[] {
  const counts = new Map<NodeState, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return BY_URGENCY.flatMap((state) => {
    const count = counts.get(state);
    return count === undefined ? [] : [[state, count] as const];
  });
}

export function filterRows(rows: readonly Row[], { states, name }: Filter): readonly Row[] {
  const part = name.trim().toLowerCase();
  return rows.filter(
    ({ state, title, nodeId }) =>
      (states.size === 0 || states.has(state)) &&
      (title.toLowerCase().includes(part) || nodeId.toLowerCase().includes(part)),
  );
}

/** Rows that are alike stay in the order of the pipeline; those that have no such value come last, in either direction. */
export function sortRows(rows: readonly Row[], { by, isDescending }: Order, clock: Clock): readonly Row[] {
  const direction = isDescending ? -1 : 1;
  if (by === 'name') return [...rows].sort((one, other) => direction * NAMES.compare(one.title, other.title));
  const values = new Map(rows.map((row) => [row, figureOf(row, by, clock)]));
  return [...rows].sort((one, other) => {
    const [first, second] = [values.get(one) ?? null, values.get(other) ?? null];
    if (first === null || second === null) return Number(first === null) - Number(second === null);
    return direction * (first - second);
  });
}

/** How long the newest attempt took, or has been taking until now, in the time of its run; `null` before it begins. */
export function durationOf(node: NodeStateEvent | undefined, { run, now }: Clock): number | null {
  if (node?.startedAt == null) return null;
  // What was broken off has the metrics of an attempt before it.
  const isMeasured = node.finishedAt !== null && node.state !== 'interrupted';
  if (isMeasured && node.metrics) return node.metrics.durationMs;
  return durationIn(run, node.startedAt, node.finishedAt ?? now);
}

function figureOf({ state, node }: Row, by: Exclude<Column, 'name'>, clock: Clock): number | null {
  switch (by) {
    case 'state':
      return BY_URGENCY.indexOf(state);
    case 'start':
      return node?.startedAt ?? null;
    case 'duration':
      return durationOf(node, clock);
    case 'attempt':
      return node && node.attempt > 0 ? node.attempt : null;
    case 'cost':
      return node?.metrics?.cost ?? null;
  }
}
