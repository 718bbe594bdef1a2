import { defineProtocol } from 'trunkline/protocol';
import * as z from 'zod/mini';

/** Milliseconds since 1970 by the server's clock. */
const time = z.number();
export const runState = z.enum(['running', 'waiting', 'succeeded', 'failed', 'cancelled', 'interrupted']);
export const nodeState = z.enum([
  'pending',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'skipped',
  'cancelled',
  'interrupted',
]);
export type RunState = z.infer<typeof runState>;
export type NodeState = z.infer<typeof nodeState>;

/**
 * What the engine tells and what operators ask of it. Topics: `runs`, the list, and `run:<id>` for each run. Events
 * carry absolute values, so that the newest of a key is its state.
 */
export const protocol = defineProtocol({
  app: 'trunkline-console',
  version: 1,
  events: {
    /** In `runs` and in the run's own topic. */
    run_state: {
      schema: z.object({
        runId: z.string(),
        pipeline: z.string(),
        title: z.string(),
        state: runState,
        message: z.optional(z.string()),
        startedAt: time,
        finishedAt: z.nullable(time),
        nodes: z.number(),
        done: z.number(),
        failed: z.number(),
        gatesWaiting: z.number(),
        spent: z.number(),
        budget: z.number(),
      }),
      key: (e) => `run:${e.runId}`,
    },
    /** The pipeline as it is drawn; once for each run. */
    run_graph: {
      schema: z.object({
        nodes: z.array(
          z.object({
            nodeId: z.string(),
            title: z.string(),
            kind: z.enum(['task', 'gate']),
            after: z.array(z.string()),
          }),
        ),
      }),
      key: () => 'graph',
    },
    node_state: {
      schema: z.object({
        nodeId: z.string(),
        state: nodeState,
        attempt: z.number(),
        attempts: z.number(),
        startedAt: z.nullable(time),
        finishedAt: z.nullable(time),
        message: z.optional(z.string()),
        metrics: z.optional(
          z.object({
            durationMs: z.number(),
            cpuSeconds: z.number(),
            memoryBytes: z.number(),
            cost: z.number(),
          }),
        ),
      }),
      key: (e) => `node:${e.nodeId}`,
    },
    cost_update: {
      schema: z.object({ spent: z.number(), budget: z.number(), currency: z.string(), at: time }),
      key: () => 'cost',
    },
    human_gate_waiting: {
      schema: z.object({
        runId: z.string(),
        gateId: z.string(),
        nodeId: z.string(),
        title: z.string(),
        /** What to decide on. */
        show: z.array(z.object({ label: z.string(), text: z.string() })),
        decidedBy: z.string(),
        askedAt: time,
        expiresAt: time,
        onExpiry: z.enum(['approve', 'reject']),
      }),
      key: (e) => `gate:${e.gateId}`,
      critical: true,
    },
    human_gate_resolved: {
      schema: z.object({
        runId: z.string(),
        gateId: z.string(),
        nodeId: z.string(),
        verdict: z.enum(['approve', 'reject']),
        how: z.enum(['decided', 'expired', 'cancelled']),
        by: z.nullable(z.string()),
        comment: z.string(),
        at: time,
      }),
      key: (e) => `gate:${e.gateId}`,
    },
    error: {
      schema: z.object({ runId: z.string(), nodeId: z.nullable(z.string()), message: z.string(), at: time }),
      critical: true,
    },
    log: {
      schema: z.object({ nodeId: z.string(), stream: z.enum(['out', 'err']), line: z.string() }),
    },
  },
  commands: {
    human_decision: {
      schema: z.object({
        runId: z.string(),
        gateId: z.string(),
        verdict: z.enum(['approve', 'reject']),
        comment: z._default(z.string().check(z.maxLength(2_000)), ''),
      }),
      result: z.object({ verdict: z.enum(['approve', 'reject']) }),
      priority: 'high',
      dedupe: (c) => c.gateId,
    },
    start_run: {
      schema: z.object({ pipeline: z.string() }),
      result: z.object({ runId: z.string() }),
    },
    cancel_run: { schema: z.object({ runId: z.string() }), priority: 'high', dedupe: (c) => c.runId },
    retry_node: {
      schema: z.object({ runId: z.string(), nodeId: z.string() }),
      dedupe: (c) => `${c.runId}/${c.nodeId}`,
    },
  },
});
export type ConsoleProtocol = typeof protocol;
