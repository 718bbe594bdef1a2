import type { LoggedEvent } from 'trunkline/server';
import {
  type AuditEntry,
  type NodeStateEvent,
  parseEvent,
  type ResolvedGate,
  type RunStateEvent,
  type WaitingGate,
} from './events.ts';

/** What is known of a run from its topic. */
export interface History {
  readonly runState: RunStateEvent | null;
  readonly spent: number;
  readonly nodes: ReadonlyMap<string, NodeStateEvent>;
  /** How many lines each node is known to have written. */
  readonly lines: ReadonlyMap<string, number>;
  /** The newest of its audit trail. */
  readonly audit: readonly AuditEntry[];
  /** Of each gate node the newest gate. */
  readonly gates: ReadonlyMap<string, GateHistory>;
  /** By the gate's id, all of them. */
  readonly gatesById: ReadonlyMap<string, GateHistory['event']>;
}
export interface GateHistory {
  readonly event: WaitingGate | ResolvedGate;
  /** It is newer than the node's own state: the server ended before it could say what follows. */
  readonly isNewerThanNode: boolean;
}

/** @param events the state of the run's topic, by offset. */
export function readHistory(events: readonly Pick<LoggedEvent, 'event'>[]): History {
  let runState: RunStateEvent | null = null;
  let spent = 0;
  const nodes = new Map<string, NodeStateEvent>();
  const lines = new Map<string, number>();
  const audit: AuditEntry[] = [];
  const gates = new Map<string, GateHistory>();
  const gatesById = new Map<string, GateHistory['event']>();
  for (const { event: json } of events) {
    const event = parseEvent(json);
    switch (event?.type) {
      case 'run_state':
        runState = event;
        break;
      case 'cost_update':
        spent = event.spent;
        break;
      case 'node_state': {
        nodes.set(event.nodeId, event);
        if (event.lines !== undefined) lines.set(event.nodeId, event.lines);
        const gate = gates.get(event.nodeId);
        if (gate) gates.set(event.nodeId, { ...gate, isNewerThanNode: false });
        break;
      }
      case 'log':
        if (event.number !== undefined) lines.set(event.nodeId, event.number);
        break;
      case 'audit_entry':
        audit.push(event);
        break;
      case 'human_gate_waiting':
      case 'human_gate_resolved':
        gates.set(event.nodeId, { event, isNewerThanNode: true });
        gatesById.set(event.gateId, event);
        break;
    }
  }
  const known = [...nodes.values()].reduce((sum, { metrics }) => sum + (metrics?.cost ?? 0), 0);
  return { runState, spent: Math.max(spent, known), nodes, lines, audit, gates, gatesById };
}
