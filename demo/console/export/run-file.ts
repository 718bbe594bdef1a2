/** A run as a file of JSON: all that is known of it. docs/pipelines.md has its fields. */
import * as z from 'zod/mini';
import type { AnyEvent } from '../../engine/events.ts';
import { protocol } from '../../engine/protocol.ts';

export const RUN_FILE_VERSION = 1;

const { run_state, run_graph, node_state, cost_update, human_gate_waiting, human_gate_resolved } =
  protocol.events;
const { error, audit_entry, log } = protocol.events;
const time = z.number();

export const runFile = z.object({
  format: z.literal('trunkline-run'),
  version: z.literal(RUN_FILE_VERSION),
  exportedAt: time,
  /** When it was so: earlier than `exportedAt` where there was no connection. */
  asOf: time,
  run: run_state.schema,
  /** How many tasks ran at the same time; `null`: there was no such limit, or it is not told. */
  parallel: z.nullable(z.number()),
  nodes: z.array(
    z.extend(run_graph.schema.shape.nodes.def.element, {
      /** `null`: it is `pending` and always was. */
      standing: z.nullable(node_state.schema),
    }),
  ),
  /** `null`: it has no budget. */
  cost: z.nullable(cost_update.schema),
  gates: z.array(
    z.object({
      gateId: z.string(),
      /** `null`: it is kept no more, since it was decided. */
      asked: z.nullable(human_gate_waiting.schema),
      resolved: z.nullable(human_gate_resolved.schema),
    }),
  ),
  errors: z.array(error.schema),
  /** The audit trail, the oldest first. */
  history: z.array(audit_entry.schema),
  /** The newest lines: `number` says how many each node had written by then. */
  log: z.array(log.schema),
});
export type RunFile = z.infer<typeof runFile>;

/** `null`: there is not enough of it here. */
export function runFileOf(
  events: readonly AnyEvent[],
  { exportedAt, asOf }: Pick<RunFile, 'exportedAt' | 'asOf'>,
): RunFile | null {
  let run: RunFile['run'] | null = null;
  let cost: RunFile['cost'] = null;
  const parts = new Map<number, Extract<AnyEvent, { type: 'run_graph' }>>();
  const standings = new Map<string, RunFile['nodes'][number]['standing']>();
  const gates = new Map<string, RunFile['gates'][number]>();
  const history = new Map<string, RunFile['history'][number]>();
  const errors: RunFile['errors'] = [];
  const lines: RunFile['log'] = [];
  for (const event of events) {
    switch (event.type) {
      case 'run_state':
        run = event;
        break;
      case 'cost_update':
        cost = event;
        break;
      case 'run_graph':
        parts.set(event.part, event);
        break;
      case 'node_state':
        standings.set(event.nodeId, event);
        break;
      case 'human_gate_waiting':
        gates.set(event.gateId, { gateId: event.gateId, asked: event, resolved: null });
        break;
      case 'human_gate_resolved': {
        const asked = gates.get(event.gateId)?.asked ?? null;
        gates.set(event.gateId, { gateId: event.gateId, asked, resolved: event });
        break;
      }
      case 'audit_entry':
        history.set(`${event.by === null} ${event.number}`, event);
        break;
      case 'error':
        errors.push(event);
        break;
      case 'log':
        lines.push(event);
        break;
    }
  }
  const graph = [...parts.values()].sort((a, b) => a.part - b.part);
  if (!run || graph.length === 0 || graph.length < (graph[0]?.parts ?? 1)) return null;
  const nodes = graph.flatMap((part) => part.nodes);
  return z.parse(runFile, {
    format: 'trunkline-run',
    version: RUN_FILE_VERSION,
    exportedAt,
    asOf,
    run,
    parallel: graph[0]?.parallel ?? null,
    nodes: nodes.map((node) => ({ ...node, standing: standings.get(node.nodeId) ?? null })),
    cost,
    gates: [...gates.values()],
    errors,
    history: [...history.values()].sort((a, b) => a.at - b.at || a.number - b.number),
    log: lines,
  });
}
