import type { EventInput, EventOf } from 'trunkline/protocol';
import * as z from 'zod/mini';
import { type ConsoleProtocol, protocol } from './protocol.ts';

export type ConsoleEvent = EventInput<ConsoleProtocol>;
export type EventOfType<T extends ConsoleEvent['type']> = EventOf<ConsoleProtocol, T>;

/** An event as the log keeps it; `null` where this version of the protocol does not know it, or not like that. */
export function parseEvent(json: string): EventOf<ConsoleProtocol> | null {
  const { type, ...fields }: { type: string } = JSON.parse(json);
  if (!isEventType(type)) return null;
  const result = z.safeParse(protocol.events[type].schema, fields);
  return result.success ? ({ type, ...result.data } as EventOf<ConsoleProtocol>) : null;
}

function isEventType(type: string): type is ConsoleEvent['type'] {
  return Object.hasOwn(protocol.events, type);
}
