/** The application of the servers in Node that are judged. */
import * as v from 'valibot';
import { defineProtocol } from '../../../src/protocol/index.ts';

const text = v.object({ text: v.string() });
const keyed = v.object({ key: v.string(), text: v.string() });

export default defineProtocol({
  app: 'conformance',
  version: 3,
  events: {
    line: { schema: text },
    state: { schema: keyed, key: ({ key }) => key },
    gone: { schema: keyed, key: ({ key }) => key, tombstone: () => true },
    alarm: { schema: text, critical: true },
    gate: { schema: keyed, key: ({ key }) => key, critical: true },
  },
  commands: {
    note: { schema: text, result: text },
    slow: { schema: text },
    refuse: { schema: text },
    later: { schema: text },
  },
});

export const TOKENS: Readonly<Record<string, string>> = {
  'token-of-ada': 'ada',
  'slow-token-of-ada': 'ada',
  'token-of-grace': 'grace',
};
export const SLOW_MS = 1_000;
export const LIMITS = {
  handshakeMs: 2_000,
  heartbeatMs: 2_000,
  maxFrameBytes: 65_536,
  resyncsPerMinute: 100_000,
  subscriptionsPerConnection: 100,
  commandsPerConnection: 100,
  missedLimit: 500,
};

/** One line of what the control interface is asked to publish. */
export const publication = v.object({
  topic: v.string(),
  events: v.array(
    v.object({
      key: v.optional(v.string()),
      gone: v.optional(v.boolean(), false),
      critical: v.optional(v.boolean(), false),
      text: v.string(),
    }),
  ),
});
export const renewal = v.object({ renew: v.literal(true) });

/** The event that it asks for. */
export function eventOf({ key, gone, critical, text }: v.InferOutput<typeof publication>['events'][number]) {
  if (key === undefined) return { type: critical ? 'alarm' : 'line', text } as const;
  return { type: gone ? 'gone' : critical ? 'gate' : 'state', key, text } as const;
}
