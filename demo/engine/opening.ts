import type { ConsoleEvent, EventOfType } from './events.ts';
import { type Budget, isGate, type Pipeline } from './pipeline.ts';
import { RUNS_TOPIC, runTopic } from './protocol.ts';

/** A client takes no event that is larger than a part of a snapshot, 1 MiB. */
const PART_CHARACTERS = 400_000;

export interface Opening {
  readonly runId: string;
  readonly pipeline: Pipeline;
  readonly startedAt: number;
  /** An operator; `null`: the server itself. */
  readonly startedBy: string | null;
  readonly replay?: Replay;
}

/** What is known of the recorded execution that a run replays. */
export interface Replay extends NonNullable<EventOfType<'run_state'>['replay']> {
  /** What a node ran; empty where it is not told. */
  commandOf(nodeId: string): string;
}

/** What of it is told with the run's state. */
export function toldOf(replay: Replay | undefined): Pick<EventOfType<'run_state'>, 'replay'> {
  if (!replay) return {};
  const { speed, makespanSeconds, executedAt } = replay;
  return { replay: { speed, makespanSeconds, executedAt } };
}

/** What is published of a run before anything of it has begun; the list comes last, so that what it names is there. */
export function openingEvents({
  runId,
  pipeline,
  startedAt,
  startedBy,
  replay,
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
    budget: budget?.limit ?? 0,
    ...toldOf(replay),
  };
  const cost = budget ? [costUpdate(budget, 0, startedAt)] : [];
  return [
    ...[...graphParts(pipeline, replay), ...cost].map((event): [string, ConsoleEvent] => [own, event]),
    [own, runState],
    [RUNS_TOPIC, runState],
  ];
}

export function costUpdate({ limit, currency }: Budget, spent: number, at: number): ConsoleEvent {
  return { type: 'cost_update', spent, budget: limit, currency, at };
}

function graphParts({ nodes }: Pipeline, replay: Replay | undefined): EventOfType<'run_graph'>[] {
  const parts: EventOfType<'run_graph'>['nodes'][] = [];
  let room = 0;
  for (const node of nodes) {
    const command = replay?.commandOf(node.id) ?? '';
    const drawn = {
      nodeId: node.id,
      title: node.title ?? node.id,
      kind: isGate(node) ? ('gate' as const) : ('task' as const),
      after: node.after,
      ...(command === '' ? {} : { command }),
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
