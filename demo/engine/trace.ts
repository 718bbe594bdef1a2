import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Execution } from './child.ts';
import type { Pipeline } from './pipeline.ts';

/** As much of WfCommons' WfFormat 1.5 (https://github.com/wfcommons/WfFormat) as is needed; fields vary by instance. */
const schema = z.object({
  name: z.string(),
  workflow: z.object({
    specification: z.object({
      tasks: z.array(
        z.object({
          id: z.string(),
          name: z.optional(z.string()),
          parents: z.optional(z.array(z.string())),
          children: z.optional(z.array(z.string())),
        }),
      ),
    }),
    execution: z.object({
      tasks: z.array(
        z.object({
          id: z.string(),
          runtimeInSeconds: z.number(),
          avgCPU: z.optional(z.number()),
          memoryInBytes: z.optional(z.number()),
        }),
      ),
    }),
  }),
});

interface Measured {
  runtimeMs: number;
  cpuSeconds: number;
  memoryBytes: number;
}

/** A real workflow execution: its graph as a pipeline, and how long each task really took. */
export interface Trace {
  readonly pipeline: Pipeline;
  readonly measured: ReadonlyMap<string, Measured>;
}

/** @param gates tasks before which a person is asked, by id or name. @throws Error that names the file and the place. */
export async function loadTrace(path: string, gates: readonly string[] = []): Promise<Trace> {
  const result = z.safeParse(schema, JSON.parse(await readFile(path, 'utf8')));
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new Error(`${path} is no workflow in WfFormat 1.5: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { name, workflow } = result.data;
  const { tasks } = workflow.specification;
  const parents = new Map(tasks.map((task) => [task.id, new Set(task.parents ?? [])]));
  for (const task of tasks) for (const child of task.children ?? []) parents.get(child)?.add(task.id);
  const nodes: Pipeline['nodes'] = [];
  for (const task of tasks) {
    const after = [...(parents.get(task.id) ?? [])].filter((parent) => parents.has(parent));
    const isGated = gates.includes(task.id) || (task.name !== undefined && gates.includes(task.name));
    const title = task.name ?? task.id;
    if (isGated) {
      const show = [
        { label: 'Next', text: title },
        { label: 'After', text: after.join(', ') || 'nothing' },
      ];
      const asks = {
        title: `Go on with ${title}?`,
        show,
        decidedBy: 'anybody',
        timeLimitSeconds: 300,
        onExpiry: 'reject',
      } as const;
      nodes.push({ id: `gate:${task.id}`, title: `Go on?`, after, gate: { ...asks, show } });
    }
    nodes.push({
      id: task.id,
      title,
      after: isGated ? [`gate:${task.id}`] : after,
      run: ['replayed'],
      timeoutSeconds: 1,
      retries: 0,
      cost: 0,
    });
  }
  const measured = new Map(
    workflow.execution.tasks.map(({ id, runtimeInSeconds, avgCPU = 100, memoryInBytes = 0 }) => [
      id,
      {
        runtimeMs: runtimeInSeconds * 1_000,
        cpuSeconds: (runtimeInSeconds * avgCPU) / 100,
        memoryBytes: memoryInBytes,
      },
    ]),
  );
  const cpuSeconds = [...measured.values()].reduce((sum, task) => sum + task.cpuSeconds, 0);
  const perCpuSecond = 0.000_05;
  const limit = Math.max(0.01, cpuSeconds * perCpuSecond * 1.1);
  const budget = { limit: Number(limit.toPrecision(3)), currency: 'USD', perCpuSecond };
  return {
    pipeline: { name: 'trace', title: `Replay of ${name}`, budget, parallel: nodes.length, nodes },
    measured,
  };
}

/** Waits as long as the task took, divided by the speed, and tells what was measured then. */
export async function replayTask(
  trace: Trace,
  id: string,
  speed: number,
  signal: AbortSignal,
): Promise<Execution> {
  const { runtimeMs, cpuSeconds, memoryBytes } = trace.measured.get(id) ?? {
    runtimeMs: 0,
    cpuSeconds: 0,
    memoryBytes: 0,
  };
  try {
    await sleep(runtimeMs / speed, undefined, { signal });
    return { ok: true, message: '', durationMs: runtimeMs, cpuSeconds, memoryBytes };
  } catch {
    return { ok: false, message: 'was cancelled', durationMs: 0, cpuSeconds: 0, memoryBytes: 0 };
  }
}
