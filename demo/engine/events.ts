import type { EventInput, EventOf } from 'trunkline/protocol';
import * as z from 'zod/mini';
import { type ConsoleProtocol, protocol } from './protocol.ts';

export type ConsoleEvent = EventInput<ConsoleProtocol>;
export type EventOfType<T extends ConsoleEvent['type']> = EventOf<ConsoleProtocol, T>;
/** Any event, as one reads it. */
export type AnyEvent = EventOf<ConsoleProtocol>;
export type PipelineEvent = EventOfType<'pipeline'>;
export type RunStateEvent = EventOfType<'run_state'>;
export type NodeStateEvent = EventOfType<'node_state'>;
export type WaitingGate = EventOfType<'human_gate_waiting'>;
export type ResolvedGate = EventOfType<'human_gate_resolved'>;
export type FailureEvent = EventOfType<'error'>;
export type AuditEntry = EventOfType<'audit_entry'>;
export type LogEvent = EventOfType<'log'>;

/** An event as the log keeps it; `null` where this version of the protocol does not know it, or not like that. */
export function parseEvent(json: string): AnyEvent | null {
  const { type, ...fields }: { type: string } = JSON.parse(json);
  if (!isEventType(type)) return null;
  const result = z.safeParse(protocol.events[type].schema, fields);
  return result.success ? ({ type, ...result.data } as AnyEvent) : null;
}

function isEventType(type: string): type is ConsoleEvent['type'] {
  return Object.hasOwn(protocol.events, type);
}
