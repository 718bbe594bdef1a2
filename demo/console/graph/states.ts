import { createContext, useCallback, useContext, useEffect, useMemo } from 'react';
import type { Readable } from 'trunkline';
import { useReadable } from 'trunkline/react';
import type { NodeStateEvent } from '../../engine/events.ts';
import { type NodeState, runTopic } from '../../engine/protocol.ts';
import { useClient } from '../trunk.ts';
import { BY_URGENCY, IN_FOCUS } from '../ui/urgency.ts';

/** By the event's key. A node without an event is pending. */
export type States = ReadonlyMap<string, Pick<NodeStateEvent, 'state'>>;
type NodeEvents = ReadonlyMap<string, NodeStateEvent>;
export interface StateCount {
  readonly state: NodeState;
  readonly count: number;
}

export function stateOf(states: States, nodeId: string): NodeState {
  return states.get(`node:${nodeId}`)?.state ?? 'pending';
}

/** How many are in which state, the most urgent first. */
export function countStates(nodeIds: readonly string[], states: States): StateCount[] {
  const counts = new Map<NodeState, number>();
  for (const nodeId of nodeIds) {
    const state = stateOf(states, nodeId);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return BY_URGENCY.map((state) => ({ state, count: counts.get(state) ?? 0 })).filter(
    ({ count }) => count > 0,
  );
}

/** The first of the most urgent ones that is in focus; `null` where nothing is. */
export function mostUrgent(nodeIds: readonly string[], states: States): string | null {
  const [first] = countStates(nodeIds, states);
  if (!first || !IN_FOCUS.has(first.state)) return null;
  return nodeIds.find((nodeId) => stateOf(states, nodeId) === first.state) ?? null;
}

/** The one of that state that comes after the selected one, and after the last one the first again. */
export function nextOfState(
  nodeIds: readonly string[],
  states: States,
  { state, after }: { state: NodeState; after: string | null },
): string | null {
  const from = after === null ? 0 : nodeIds.indexOf(after) + 1;
  const inOrder = [...nodeIds.slice(from), ...nodeIds.slice(0, from)];
  return inOrder.find((nodeId) => stateOf(states, nodeId) === state) ?? null;
}

/** One map for all that is drawn: each part of it renders when what it shows has changed. */
const StatesContext = createContext<Readable<NodeEvents>>({
  get: () => new Map(),
  subscribe: () => () => {},
});
export const StatesProvider = StatesContext.Provider;

/** Listened to from the beginning, so that what is drawn later knows its state at once. */
export function useStatesOfRun(runId: string): Readable<NodeEvents> {
  const client = useClient();
  const states = useMemo(() => client.topic(runTopic(runId)).latest('node_state'), [client, runId]);
  useEffect(() => states.subscribe(() => {}), [states]);
  return states;
}

export function useStates(): Readable<NodeEvents> {
  return useContext(StatesContext);
}

export function useNodeEvent(nodeId: string): NodeStateEvent | undefined {
  const find = useCallback((events: NodeEvents) => events.get(`node:${nodeId}`), [nodeId]);
  return useReadable(useStates(), find);
}

export function useStateCounts(nodeIds: readonly string[]): readonly StateCount[] {
  const count = useCallback((states: States) => countStates(nodeIds, states), [nodeIds]);
  return useReadable(useStates(), count, areEqual);
}

function areEqual(before: readonly StateCount[], now: readonly StateCount[]): boolean {
  return (
    before.length === now.length &&
    before.every(({ state, count }, index) => state === now[index]?.state && count === now[index].count)
  );
}
