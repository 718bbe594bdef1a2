import type { ConsoleEvent, EventOfType } from './events.ts';
import { isGate, type Pipeline } from './pipeline.ts';
import { RUNS_TOPIC, runTopic } from './protocol.ts';

/** A client takes no event that is larger than a part of a snapshot, 1 MiB. */
const PART_CHARACTERS = 400_000;

export interface Opening {
  readonly runId: string;
  readonly pipeline: Pipeline;
  readonly startedAt: number;
  /** An operator; `null`: the server itself. */
  readonly startedBy: string | null;
}

/** What is published of a run before anything of it has begun; the list comes last, so that what it names is there. */
export function openingEvents({
  runId,
  pipeline,
  startedAt,
  startedBy,
}: Opening): [topic: string, ConsoleEvent][] {
  const { name, title, budget, nodes } = pipeline;
  const own = runTopic(runId);
  const runState: ConsoleEvent = {
    type: 'run_state',
    runId,
    pipeline: name,
    title,
    state: 'running',
    startedAt,
    startedBy,
    finishedAt: null,
    nodes: nodes.length,
    done: 0,
    failed: 0,
    gatesWaiting: 0,
    spent: 0,
    budget: budget.limit,
  };
  const { limit, currency } = budget;
  return [
    ...graphParts(pipeline).map((part): [string, ConsoleEvent] => [own, part]),
    [own, { type: 'cost_update', spent: 0, budget: limit, currency, at: startedAt }],
    [own, runState],
    [RUNS_TOPIC, runState],
  ];
}

function graphParts({ nodes }: Pipeline): EventOfType<'run_graph'>[] {
  const parts: EventOfType<'run_graph'>['nodes'][] = [];
  let room = 0;
  for (const node of nodes) {
    const drawn = {
      nodeId: node.id,
      title: node.title ?? node.id,
      kind: isGate(node) ? ('gate' as const) : ('task' as const),
      after: node.after,
    };
    const size = JSON.stringify(drawn).length;
    if (size > room) {
      parts.push([]);
      room = PART_CHARACTERS;
    }
    parts.at(-1)?.push(drawn);
    room -= size;
  }
  return parts.map((nodes, part) => ({ type: 'run_graph', part, parts: parts.length, nodes }));
}
