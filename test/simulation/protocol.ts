import * as z from 'zod';
import { defineProtocol } from '../../src/protocol/index.ts';

export const BRIEF_TTL_MS = 5_000;
/** The key of what is counted in a topic. */
export const TALLY = 'tally';
const decision = z.object({ n: z.number() });
const keyOf =
  (type: string) =>
  ({ id }: { id: string }) =>
    `${type}:${id}`;

/** Every kind of event and command that is treated in its own way. */
const events = {
  node: {
    schema: z.object({ id: z.string(), state: z.string() }),
    key: keyOf('node'),
    tombstone: ({ state }: { state: string }) => state === 'gone',
    persist: true,
  },
  line: { schema: z.object({ text: z.string() }), persist: true },
  gate: { schema: z.object({ id: z.string(), n: z.number() }), key: keyOf('gate'), critical: true },
  alarm: { schema: z.object({ n: z.number() }), critical: true },
  /** What an accepted command leaves in the log, with it or not at all. */
  ran: { schema: decision },
  /** How many have counted, and the one that did so last. */
  tally: { schema: z.object({ total: z.number(), n: z.number() }), key: () => TALLY },
};
const commands = {
  decide: { schema: decision, result: decision, priority: 'high' as const },
  /** One at a time for each gate. */
  choose: {
    schema: z.object({ n: z.number(), gate: z.string() }),
    priority: 'high' as const,
    dedupe: ({ gate }: { gate: string }) => gate,
  },
  note: { schema: decision },
  /** Refused for good. */
  bad: { schema: decision, priority: 'high' as const },
  /** Refused twice for now. */
  later: { schema: decision, priority: 'high' as const },
  /** The newest of each knob and topic is enough. */
  turn: {
    schema: z.object({ n: z.number(), knob: z.string() }),
    replaces: ({ knob }: { knob: string }) => knob,
  },
  brief: { schema: decision, ttlMs: BRIEF_TTL_MS },
  /** One more than its handler finds counted, if nobody else was first. */
  count: { schema: decision, priority: 'high' as const },
};
const signed = z.object({ n: z.number(), by: z.string() });

export const protocol = defineProtocol({ app: 'sim', events, commands, version: 1 });
export type SimProtocol = typeof protocol;

/** Of a build that came later: a note is signed, and what was stored unsigned is brought up. */
export const newerProtocol = defineProtocol({
  app: 'sim',
  events,
  commands: {
    ...commands,
    note: { schema: signed, upgrade: (old) => ({ by: 'nobody', ...(old as object) }) },
  },
  version: 2,
});

/** The server takes what either build sends, and publishes what some build cannot read. */
export const serverProtocol = defineProtocol({
  app: 'sim',
  events: {
    ...events,
    line: { schema: z.object({ text: z.union([z.string(), z.number()]) }) },
    alarm: { schema: z.object({ n: z.union([z.number(), z.string()]) }), critical: true },
  },
  commands: { ...commands, note: { schema: z.object({ n: z.number(), by: z.optional(z.string()) }) } },
  version: 2,
});
/** Whether a page's schema takes an event that the server's takes. */
export function isReadable(event: string): boolean {
  const { type, text, n } = JSON.parse(event);
  return !(type === 'line' && typeof text === 'number') && !(type === 'alarm' && typeof n === 'string');
}

export type CommandName = keyof typeof protocol.commands;
export const TOPICS = ['a', 'b'] as const;
