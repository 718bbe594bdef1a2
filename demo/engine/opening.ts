import { startEntry } from './audit-trail.ts';
import type { ConsoleEvent, EventOfType, RunStateEvent } from './events.ts';
import type { Budget } from './pipeline.ts';
import { RUNS_TOPIC, runTopic } from './protocol.ts';

/** A client takes no event that is larger than a part of a snapshot, 1 MiB. */
const PART_CHARACTERS = 400_000;

/** As much of what is run as is told of it. */
export interface Plan {
  /** Its name; `title` is for people. */
  readonly name: string;
  readonly title: string;
  readonly budget?: Pick<Budget, 'limit' | 'currency'> | undefined;
  /** How many tasks run at the same time, where that is limited. */
  readonly parallel?: number;
  readonly nodes: readonly PlannedNode[];
}
export interface PlannedNode {
  readonly id: string;
  readonly title?: string | undefined;
  readonly after: readonly string[];
  /** Is there where it asks a person. */
  readonly gate?: unknown;
}

export function asks(node: PlannedNode): boolean {
  return node.gate !== undefined;
}

export interface Opening<P extends Plan = Plan> {
  readonly runId: string;
  readonly pipeline: P;
  readonly startedAt: number;
  /** An operator; `null`: the server itself. */
  readonly startedBy: string | null;
  readonly replay?: Replay;
}

/** What is known of the recorded execution that a run replays. */
export interface Replay extends NonNullable<RunStateEvent['replay']> {
  /** What a node ran; empty where it is not told. */
  commandOf(nodeId: string): string;
}

/** What changes of a run. */
export type Standing = Pick<
  RunStateEvent,
  'state' | 'finishedAt' | 'done' | 'failed' | 'rejected' | 'gatesWaiting' | 'spent'
> & {
  readonly message?: string | undefined;
};

export function runStateOf(
  { runId, pipeline, startedAt, startedBy, replay }: Opening,
  { state, message, finishedAt, ...counts }: Standing,
): RunStateEvent {
  const { name, title, budget, nodes } = pipeline;
  return {
    type: 'run_state',
    runId,
    pipeline: name,
    title,
    state,
    ...(message === undefined ? {} : { message }),
    startedAt,
    startedBy,
    finishedAt,
    nodes: nodes.length,
    ...counts,
    budget: budget?.limit ?? 0,
    ...(replay === undefined ? {} : { replay: toldOf(replay) }),
  };
}

function toldOf({ speed, makespanSeconds, executedAt }: Replay): NonNullable<RunStateEvent['replay']> {
  return { speed, makespanSeconds, executedAt };
}

/** What is published of a run before anything of it has begun; the list comes last, so that what it names is there. */
export function openingEvents(opening: Opening): [topic: string, ConsoleEvent][] {
  const { runId, pipeline, startedAt, replay } = opening;
  const own = runTopic(runId);
  const standing = { finishedAt: null, done: 0, failed: 0, gatesWaiting: 0, spent: 0 };
  const runState = runStateOf(opening, { state: 'running', ...standing });
  const cost = pipeline.budget ? [costUpdate(pipeline.budget, 0, startedAt)] : [];
  return [
    ...[...graphParts(pipeline, replay), ...cost].map((event): [string, ConsoleEvent] => [own, event]),
    [own, startEntry(opening.startedBy, startedAt)],
    [own, runState],
    [RUNS_TOPIC, runState],
  ];
}

export function costUpdate(
  { limit, currency }: NonNullable<Plan['budget']>,
  spent: number,
  at: number,
): ConsoleEvent {
  return { type: 'cost_update', spent, budget: limit, currency, at };
}

function graphParts({ nodes, parallel }: Plan, replay: Replay | undefined): EventOfType<'run_graph'>[] {
  const parts: EventOfType<'run_graph'>['nodes'][] = [];
  let room = 0;
  for (const node of nodes) {
    const command = replay?.commandOf(node.id) ?? '';
    const drawn = {
      nodeId: node.id,
      title: node.title ?? node.id,
      kind: asks(node) ? ('gate' as const) : ('task' as const),
      after: [...node.after],
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
  return parts.map((nodes, part) => ({
    type: 'run_graph',
    part,
    parts: parts.length,
    ...(parallel === undefined ? {} : { parallel }),
    nodes,
  }));
}
