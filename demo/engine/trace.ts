import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Execution, LineListener } from './child.ts';
import { findGraphProblems, type Pipeline, type PipelineNode } from './pipeline.ts';
import { ANYBODY } from './protocol.ts';

const amount = z.number().check(z.nonnegative());
/** As much of WfCommons' WfFormat 1.5 (https://github.com/wfcommons/WfFormat) as is needed; fields vary by instance. */
const schema = z.object({
  name: z.string(),
  workflow: z.object({
    specification: z.object({
      tasks: z
        .array(
          z.object({
            id: z.string(),
            name: z.nullish(z.string()),
            parents: z.nullish(z.array(z.string())),
            children: z.nullish(z.array(z.string())),
          }),
        )
        .check(z.minLength(1)),
    }),
    execution: z.object({
      tasks: z.array(
        z.object({
          id: z.string(),
          runtimeInSeconds: amount,
          avgCPU: z.nullish(amount),
          memoryInBytes: z.nullish(amount),
          command: z.nullish(
            z.object({ program: z.nullish(z.string()), arguments: z.nullish(z.array(z.string())) }),
          ),
        }),
      ),
      machines: z.nullish(
        z.array(z.object({ cpu: z.nullish(z.object({ coreCount: z.nullish(z.number()) })) })),
      ),
    }),
  }),
});
type Instance = z.infer<typeof schema>;
type Specified = Instance['workflow']['specification']['tasks'][number];
type Executed = Instance['workflow']['execution']['tasks'][number];

/** Of a second of one core, in dollars: what large clouds ask for, roughly. */
const PER_CPU_SECOND = 0.000_05;
/** More than the trace needs in all. */
const BUDGET_FACTOR = 1.1;
const GATE_SECONDS = 300;
const COMMAND_CHARACTERS = 300;

/** A real workflow execution: its graph as a pipeline, and what was measured of each task. */
export interface Trace {
  readonly pipeline: Pipeline;
  readonly executed: ReadonlyMap<string, Executed>;
}

/**
 * @param gates tasks before which a person is asked, by id or name.
 * @throws Error that names the file and the place.
 */
export async function loadTrace(path: string, gates: readonly string[] = []): Promise<Trace> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = z.safeParse(schema, json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new Error(
      `${path} is no workflow in WfFormat 1.5: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`,
    );
  }
  const { name, workflow } = result.data;
  const { tasks } = workflow.specification;
  const missing = gates.find((gate) => !tasks.some(({ id, name }) => gate === id || gate === name));
  if (missing !== undefined) throw new Error(`${path} has no task "${missing}" to put a gate before`);

  const nodes = nodesOf(tasks, new Set(gates));
  const problems = findGraphProblems(nodes);
  if (problems.length > 0) throw new Error(`${path} is no workflow that can run:\n${problems.join('\n')}`);

  const { machines, tasks: executedTasks } = workflow.execution;
  const cpuSeconds = executedTasks.reduce((sum, task) => sum + cpuSecondsOf(task), 0);
  const limit = Number(Math.max(0.01, cpuSeconds * PER_CPU_SECOND * BUDGET_FACTOR).toPrecision(3));
  // As many at once as the machines had cores, so that what ran one after the other does so again.
  const cores = (machines ?? []).reduce((sum, { cpu }) => sum + (cpu?.coreCount ?? 0), 0);
  return {
    pipeline: {
      name: 'trace',
      title: `Replay of ${name}`,
      budget: { limit, currency: 'USD', perCpuSecond: PER_CPU_SECOND },
      parallel: cores > 0 ? cores : nodes.length,
      nodes,
    },
    executed: new Map(executedTasks.map((task) => [task.id, task])),
  };
}

function nodesOf(tasks: readonly Specified[], gates: ReadonlySet<string>): PipelineNode[] {
  // An instance may tell of an edge at either end of it.
  const parents = new Map(tasks.map((task) => [task.id, new Set(task.parents)]));
  for (const { id, children } of tasks) for (const child of children ?? []) parents.get(child)?.add(id);
  return tasks.flatMap(({ id, name }): PipelineNode[] => {
    const title = name ?? id;
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
    if (!gates.has(id) && !gates.has(title)) return [task];
    const gate = {
      title: `Go on with ${title}?`,
      show: [
        { label: 'Next', text: title },
        { label: 'After', text: after.join(', ') || 'nothing' },
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

function cpuSecondsOf({ runtimeInSeconds, avgCPU }: Executed): number {
  return (runtimeInSeconds * (avgCPU ?? 100)) / 100;
}

/** Waits as long as the task took, divided by the speed, and tells what was measured then. */
export async function replayTask(
  trace: Trace,
  id: string,
  options: { speed: number; signal: AbortSignal; onLine: LineListener },
): Promise<Execution> {
  const executed = trace.executed.get(id);
  const runtimeMs = (executed?.runtimeInSeconds ?? 0) * 1_000;
  const command = [executed?.command?.program, ...(executed?.command?.arguments ?? [])].join(' ').trim();
  if (command !== '') {
    const line = command.replaceAll(/\s+/g, ' ');
    options.onLine('out', `$ ${line.slice(0, COMMAND_CHARACTERS)}`.toWellFormed());
  }
  try {
    await sleep(runtimeMs / options.speed, undefined, { signal: options.signal });
  } catch {
    return { ok: false, message: 'was cancelled', durationMs: 0, cpuSeconds: 0, memoryBytes: 0 };
  }
  return {
    ok: true,
    message: '',
    durationMs: runtimeMs,
    cpuSeconds: executed ? cpuSecondsOf(executed) : 0,
    memoryBytes: executed?.memoryInBytes ?? 0,
  };
}
