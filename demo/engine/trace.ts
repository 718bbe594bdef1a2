import { startTimer } from 'trunkline/server';
import type { Execution } from './child.ts';
import type { LineListener } from './lines.ts';
import type { Pipeline, PipelineNode } from './pipeline.ts';
import { findGraphFaults, saidOf } from './pipeline-faults.ts';
import { ANYBODY } from './protocol.ts';
import { type ExecutedTask, readWorkflow, type SpecifiedTask } from './wf-format.ts';

/** Of a second of one core, in dollars: what large clouds ask for, roughly. */
const PER_CPU_SECOND = 0.000_05;
/** More than the trace needs in all. */
const BUDGET_FACTOR = 1.1;
const GATE_SECONDS = 300;
const LOGGED_CHARACTERS = 120;
/** Of a command as it is shown whole; it must fit into an event. */
const COMMAND_CHARACTERS = 50_000;

/** A real workflow execution: its graph as a pipeline, and what was measured of each task. */
export interface Trace {
  readonly pipeline: Pipeline;
  readonly executed: ReadonlyMap<string, ExecutedTask>;
  /** What each of the gates that were asked for means: the ids of the tasks that it is before. */
  readonly gates: ReadonlyMap<string, readonly string[]>;
  /** From the first task's begin to the last one's end, as it was recorded; `null` where it is not. */
  readonly makespanSeconds: number | null;
  /** Milliseconds since 1970; `null` where it is not told. */
  readonly executedAt: number | null;
}

/**
 * @param gates tasks before which a person is asked: an id, or a name, which several tasks may have.
 * @throws Error that names the file and the place.
 */
export async function loadTrace(path: string, gates: readonly string[] = []): Promise<Trace> {
  const { name, tasks, executed, cores, makespanSeconds, executedAt } = await readWorkflow(path);
  const meant = new Map(gates.map((gate) => [gate, tasksOf(gate, tasks)]));
  const [missing] = [...meant].find(([, ids]) => ids.length === 0) ?? [];
  if (missing !== undefined) throw new Error(`${path} has no task "${missing}" to put a gate before`);

  const nodes = nodesOf(tasks, new Set([...meant.values()].flat()));
  const faults = findGraphFaults(nodes).map((fault) => `  ${saidOf(fault)}`);
  if (faults.length > 0) throw new Error(`${path} is no workflow that can run:\n${faults.join('\n')}`);

  const cpuSeconds = [...executed.values()].reduce((sum, task) => sum + cpuSecondsOf(task), 0);
  const limit = Number(Math.max(0.01, cpuSeconds * PER_CPU_SECOND * BUDGET_FACTOR).toPrecision(3));
  return {
    pipeline: {
      name: 'trace',
      title: `Replay of ${name}`,
      budget: { limit, currency: 'USD', perCpuSecond: PER_CPU_SECOND },
      // As many at once as the machines had cores, so that what ran one after the other does so again.
      parallel: cores > 0 ? cores : nodes.length,
      nodes,
    },
    executed,
    gates: meant,
    makespanSeconds,
    executedAt,
  };
}

/** The one task with this id, else all with this name. */
function tasksOf(gate: string, tasks: readonly SpecifiedTask[]): string[] {
  if (tasks.some(({ id }) => id === gate)) return [gate];
  return tasks.filter(({ name }) => name === gate).map(({ id }) => id);
}

function nodesOf(tasks: readonly SpecifiedTask[], gates: ReadonlySet<string>): PipelineNode[] {
  // An instance may tell of an edge at either end of it.
  const parents = new Map(tasks.map((task) => [task.id, new Set(task.parents)]));
  for (const { id, children } of tasks) for (const child of children ?? []) parents.get(child)?.add(id);
  const shared = sharedPrefix(tasks.map(({ id, name }) => name ?? id));
  return tasks.flatMap(({ id, name }): PipelineNode[] => {
    const title = (name ?? id).slice(shared);
    const after = [...(parents.get(id) ?? [])];
    const task = {
      id,
      title,
      after,
      run: ['replayed'],
      timeoutSeconds: 1,
      retries: 0,
      retryAfterSeconds: 0,
      repeatable: true,
      cost: 0,
    };
    if (!gates.has(id)) return [task];
    const gate = {
      title: `Go on with ${title}?`,
      show: [
        // Names repeat.
        { label: 'Next', text: title === id ? id : `${title}\n${id}` },
        { label: 'After', text: after.join('\n') || 'nothing' },
      ],
      decidedBy: ANYBODY,
      timeLimitSeconds: GATE_SECONDS,
      onExpiry: 'reject' as const,
    };
    const gateId = `gate:${id}`;
    return [
      { id: gateId, title: 'Go on?', after, gate },
      { ...task, after: [gateId] },
    ];
  });
}

/**
 * How many characters of their names all tasks have in common, up to a point in them: `NFCORE.BACASS.` would leave no room
 * for what tells them apart.
 */
function sharedPrefix(names: readonly string[]): number {
  const [first = ''] = names;
  const prefixes = [...first.matchAll(/\./g)].map(({ index }) => first.slice(0, index + 1)).reverse();
  const shared = prefixes.find((prefix) => names.every((name) => name.startsWith(prefix) && name !== prefix));
  return names.length > 1 ? (shared?.length ?? 0) : 0;
}

function cpuSecondsOf({ runtimeInSeconds, avgCPU }: ExecutedTask): number {
  return (runtimeInSeconds * (avgCPU ?? 100)) / 100;
}

/** Of each gate that was asked for how many tasks it means, and which: for whoever gave a name that repeats. */
export function sayGates({ gates }: Pick<Trace, 'gates'>): string[] {
  return [...gates].map(([gate, ids]) => {
    if (ids.length === 1) return `A person is asked before "${ids[0]}".`;
    return `"${gate}" is the name of ${ids.length} tasks; a person is asked before each: ${ids.join(', ')}. An id means one of them.`;
  });
}

/** What a task ran: it may be a script of many lines. Empty where it is not told. */
export function commandOf({ executed }: Trace, id: string): string {
  const { program, arguments: args } = executed.get(id)?.command ?? {};
  const command = [program, ...(args ?? [])].join(' ').trim().toWellFormed();
  if (command.length <= COMMAND_CHARACTERS) return command;
  const whole = command.length.toLocaleString('en');
  return `${command.slice(0, COMMAND_CHARACTERS).toWellFormed()}\n(cut off here: ${whole} characters in all)`;
}

/** `$ make all`; of what is longer the beginning, and how much there is. */
function logged(command: string): string {
  const lines = command.split('\n');
  const [first = ''] = lines;
  const shown = first.length > LOGGED_CHARACTERS ? first.slice(0, LOGGED_CHARACTERS).toWellFormed() : first;
  if (shown === command) return `$ ${command}`;
  const size =
    lines.length > 1 ? `${lines.length} lines` : `${command.length.toLocaleString('en')} characters`;
  return `$ ${shown} … (${size}: see Command)`;
}

/** Waits as long as the task took, divided by the speed, and tells what was measured then. */
export async function replayTask(
  trace: Trace,
  id: string,
  { speed, signal, onLine }: { speed: number; signal: AbortSignal; onLine: LineListener },
): Promise<Execution> {
  const executed = trace.executed.get(id);
  if (!executed) return broken('has no record in the trace');
  const runtimeMs = executed.runtimeInSeconds * 1_000;
  const command = commandOf(trace, id);
  if (command !== '') onLine('engine', logged(command));
  if (!(await waitFor(runtimeMs / speed, signal))) return broken('was cancelled');
  return {
    ok: true,
    message: '',
    durationMs: runtimeMs,
    cpuSeconds: cpuSecondsOf(executed),
    memoryBytes: executed.memoryInBytes ?? 0,
  };
}

function broken(message: string): Execution {
  return { ok: false, message, durationMs: 0, cpuSeconds: 0, memoryBytes: 0 };
}

/** Answers false where it was broken off. */
function waitFor(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const breakOff = () => {
      end();
      resolve(false);
    };
    const end = startTimer(ms, () => {
      signal.removeEventListener('abort', breakOff);
      resolve(true);
    });
    signal.addEventListener('abort', breakOff, { once: true });
  });
}
