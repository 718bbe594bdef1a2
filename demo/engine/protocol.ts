import { defineProtocol } from 'trunkline/protocol';
import * as z from 'zod/mini';

/** Milliseconds since 1970 by the server's clock. */
const time = z.number();
export const runState = z.enum([
  'running',
  'waiting',
  'succeeded',
  'failed',
  /** Nothing has failed, and what a rejected gate held up was not to be. */
  'rejected',
  'cancelled',
  'interrupted',
]);
export const nodeState = z.enum([
  'pending',
  'running',
  'waiting',
  'succeeded',
  'failed',
  /** A gate: a person decided so, or its end did. That is no failure. */
  'rejected',
  'skipped',
  'cancelled',
  'interrupted',
]);
/** What people do, from `start` to `rerun_from`, and what the server does: `retry` is both. */
export const auditAction = z.enum([
  'start',
  'approve',
  'reject',
  'cancel',
  'retry_failed',
  'rerun_from',
  'retry',
  /** A gate whose time was over. */
  'expire',
  /** A gate that ended with its run. */
  'withdraw',
  /** The server is back, and goes on with the run. */
  'restart',
  /** A task was broken off by that. */
  'interrupt',
  /** Nobody can go on with the run any more. */
  'give_up',
]);
export type AuditAction = z.infer<typeof auditAction>;
export type RunState = z.infer<typeof runState>;
export type NodeState = z.infer<typeof nodeState>;
/** Where a line of a log comes from: `engine` is what the engine says of the node itself, which is neither output nor error output. */
export const logStream = z.enum(['out', 'err', 'engine']);
export type LogStream = z.infer<typeof logStream>;
/** Of one that ended; `cost` of all of the node's until then. */
const metrics = z.object({
  durationMs: z.number(),
  cpuSeconds: z.number(),
  memoryBytes: z.number(),
  cost: z.number(),
});

/** The list: `pipeline`, and of all runs `run_state`, `human_gate_waiting` and `human_gate_resolved`. */
export const RUNS_TOPIC = 'runs';
/** All about one run. Its `run_state` and its gates are in `runs` as well. */
export const runTopic = (runId: string) => `run:${runId}`;

/** What an operator signs in with: the name is the token. That is a demo's way: anybody can take any name. */
export const OPERATOR_NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._'-]{0,38}[\p{L}\p{N}.])?$/u;

/** So many of the newest lines and errors a run's topic has for those who join, on the server and in the browser. */
export const KEPT_LINES = 5_000;

/** So many of the newest entries a run's audit trail keeps of what people did, and as many of what the server did. */
export const KEPT_AUDIT_ENTRIES = 500;
/** People do not lose theirs because the server has much to tell. */
export function auditKey({ by, number }: { readonly by: string | null; readonly number: number }): string {
  return `audit:${by === null ? 'server' : 'people'}:${number % KEPT_AUDIT_ENTRIES}`;
}

/** Of a gate's `decidedBy`: whoever is signed in may decide. */
export const ANYBODY = 'anybody';

/**
 * What the engine tells and what operators ask of it. Events carry absolute values, so that the newest of a key is its
 * state. What one decides on is kept on the device; what tasks print is not, since they may print anything.
 */
export const protocol = defineProtocol({
  app: 'trunkline-console',
  // Pages of version 1 know neither the state `rejected` nor the stream `engine`.
  version: 2,
  events: {
    /** What `start_run` can start. */
    pipeline: {
      schema: z.object({
        name: z.string(),
        title: z.string(),
        tasks: z.number(),
        gates: z.number(),
        /** False: the server has it no more. */
        available: z.boolean(),
      }),
      key: (e) => `pipeline:${e.name}`,
      tombstone: (e) => !e.available,
      persist: true,
    },
    run_state: {
      schema: z.object({
        runId: z.string(),
        /** Its name; `title` is for people. */
        pipeline: z.string(),
        title: z.string(),
        /** `waiting`: for a person, with nothing else to do. `interrupted`: over, but for what a restart broke off. */
        state: runState,
        message: z.optional(z.string()),
        startedAt: time,
        /** An operator; `null`: the server, or one of an older version did not tell. */
        startedBy: z._default(z.nullable(z.string()), null),
        /** Where `state` is `cancelled` and this `null`, its tasks are being ended. */
        finishedAt: z.nullable(time),
        nodes: z.number(),
        /** Nodes that have succeeded. */
        done: z.number(),
        /** Nodes that have failed. */
        failed: z.number(),
        /** Gates that were rejected; absent where it is not told. */
        rejected: z.optional(z.number()),
        gatesWaiting: z.number(),
        spent: z.number(),
        /** 0: it has none. */
        budget: z.number(),
        /** Of a run that replays a recorded execution. */
        replay: z.optional(
          z.object({
            /** So many times as fast as it was. */
            speed: z.number(),
            /** From the first task's begin to the last one's end, as it was recorded; `null`: it is not. */
            makespanSeconds: z.nullable(z.number()),
            executedAt: z.nullable(time),
          }),
        ),
      }),
      key: (e) => `run:${e.runId}`,
      persist: true,
    },
    /** The pipeline as it is drawn; it never changes. A large one comes in several parts: no event exceeds a frame. */
    run_graph: {
      schema: z.object({
        /** From 0. */
        part: z.number(),
        parts: z.number(),
        /** How many tasks run at the same time; absent where there is no such limit, or it is not told. */
        parallel: z.optional(z.number()),
        nodes: z.array(
          z.object({
            nodeId: z.string(),
            title: z.string(),
            kind: z.enum(['task', 'gate']),
            after: z.array(z.string()),
            /** What it runs, where that is told: it may be a script of many lines. */
            command: z.optional(z.string()),
          }),
        ),
      }),
      key: (e) => (e.part === 0 ? 'graph' : `graph:${e.part}`),
      persist: true,
    },
    /** Only of nodes that have left the state `pending` once. */
    node_state: {
      schema: z.object({
        nodeId: z.string(),
        state: nodeState,
        /** The newest one, from 1. */
        attempt: z.number(),
        /** How many there may be, before it has failed. */
        attempts: z.number(),
        /** Since when the newest attempt could begin, or when the next one can. One of an older version did not tell. */
        readyAt: z.optional(time),
        startedAt: z.nullable(time),
        finishedAt: z.nullable(time),
        message: z.optional(z.string()),
        /** Of the newest attempt that ended and was measured. */
        metrics: z.optional(metrics),
        /** Attempts before the newest one, the newest of them last; not all where there were many. */
        earlier: z.optional(
          z.array(
            z.object({
              /** How it ended. */
              state: nodeState,
              readyAt: z.optional(time),
              startedAt: time,
              finishedAt: time,
              metrics: z.optional(metrics),
            }),
          ),
        ),
        /** How many lines it had written by then, those included that are kept no longer; absent where it is not told. */
        lines: z.optional(z.number()),
      }),
      key: (e) => `node:${e.nodeId}`,
      persist: true,
    },
    /** Of a run that has a budget. */
    cost_update: {
      schema: z.object({ spent: z.number(), budget: z.number(), currency: z.string(), at: time }),
      key: () => 'cost',
      persist: true,
    },
    human_gate_waiting: {
      schema: z.object({
        runId: z.string(),
        gateId: z.string(),
        nodeId: z.string(),
        title: z.string(),
        /** What to decide on. */
        show: z.array(z.object({ label: z.string(), text: z.string() })),
        /** `ANYBODY`, or the name of the one who may decide. */
        decidedBy: z.string(),
        askedAt: time,
        /** Later than it was told first where its clock stood still. */
        expiresAt: time,
        onExpiry: z.enum(['approve', 'reject']),
        /** Its clock stood still while no server was there: how long in all, and when it went on. */
        stoodStill: z.optional(z.object({ ms: z.number(), until: time })),
      }),
      key: (e) => `gate:${e.gateId}`,
      critical: true,
      persist: true,
    },
    human_gate_resolved: {
      schema: z.object({
        runId: z.string(),
        gateId: z.string(),
        nodeId: z.string(),
        /** Of the gate; one of an older version did not tell. */
        title: z.optional(z.string()),
        verdict: z.enum(['approve', 'reject']),
        /** `cancelled`: with its run. */
        how: z.enum(['decided', 'expired', 'cancelled']),
        /** Who decided; `null` where nobody did. */
        by: z.nullable(z.string()),
        comment: z.string(),
        at: time,
        /** When nobody could decide it any more. */
        expiresAt: z.optional(time),
      }),
      key: (e) => `gate:${e.gateId}`,
      persist: true,
    },
    /** A node has failed for good, the budget is used up, or the run was broken off. */
    error: {
      schema: z.object({
        runId: z.string(),
        nodeId: z.nullable(z.string()),
        /** The node's title and state, where it is about one; an engine of an older version tells neither. */
        title: z.optional(z.string()),
        state: z.optional(nodeState),
        message: z.string(),
        at: time,
      }),
      critical: true,
      persist: true,
    },
    /** The run's audit trail: who did what, and what came of it. It tells of nothing twice, also after a restart. */
    audit_entry: {
      schema: z.object({
        /** Counts what people did, and what the server did, each from 1. */
        number: z.number(),
        at: time,
        /** An operator; `null`: the server of its own accord. */
        by: z.nullable(z.string()),
        action: auditAction,
        /** The node or gate that it was done to; `null`: the run. */
        nodeId: z.nullable(z.string()),
        /** `refused`: nothing came of it. */
        outcome: z.enum(['done', 'refused']),
        /** Why it was refused, or why the server did it. */
        message: z._default(z.string(), ''),
        /** What a person has written with a decision. */
        comment: z._default(z.string(), ''),
        /** What it tells of: a command's id, a gate's, or what else there is once. */
        cause: z.string(),
      }),
      key: auditKey,
      persist: true,
    },
    log: {
      schema: z.object({
        nodeId: z.string(),
        stream: logStream,
        line: z.string(),
        /** When it came; absent in those of older versions, as is `number`. */
        at: z.optional(time),
        /** Of the lines of its node, from 1. */
        number: z.optional(z.number()),
      }),
    },
    /** Of the faults panel: many changes of a few slots, beside the run's own state. */
    flood: {
      schema: z.object({
        slot: z.number(),
        /** The number of this event within the flood. */
        n: z.number(),
        at: time,
        over: z.boolean(),
      }),
      key: (e) => `flood:${e.slot}`,
      tombstone: (e) => e.over,
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
    /** Ends what runs and starts nothing more. */
    cancel_run: { schema: z.object({ runId: z.string() }), priority: 'high', dedupe: (c) => c.runId },
    /** Runs a failed, cancelled or interrupted node again, or asks a rejected gate again, and then what depends on it. */
    retry_node: {
      schema: z.object({ runId: z.string(), nodeId: z.string() }),
      dedupe: (c) => `${c.runId}/${c.nodeId}`,
    },
    /** Runs all failed and interrupted nodes again, and what was given up because of them. */
    retry_failed: { schema: z.object({ runId: z.string() }), dedupe: (c) => c.runId },
    /** Runs a node that has succeeded again, and all that depends on it. */
    rerun_from: {
      schema: z.object({ runId: z.string(), nodeId: z.string() }),
      dedupe: (c) => `${c.runId}/${c.nodeId}`,
    },
  },
});
export type ConsoleProtocol = typeof protocol;
