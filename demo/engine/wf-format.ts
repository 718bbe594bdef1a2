import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { parseExecutedAt } from './executed-at.ts';

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
      makespanInSeconds: z.nullish(amount),
      executedAt: z.nullish(z.string()),
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
/** What tells which format it is, and whether anything was executed. */
const outline = z.object({
  schemaVersion: z.nullish(z.string()),
  workflow: z.looseObject({ execution: z.optional(z.unknown()), specification: z.optional(z.unknown()) }),
});
type Instance = z.infer<typeof schema>;
export type SpecifiedTask = Instance['workflow']['specification']['tasks'][number];
export type ExecutedTask = Instance['workflow']['execution']['tasks'][number];

/** What is new in 1.6 is optional. */
const VERSIONS = ['1.5', '1.6'];
const SHOWN_PROBLEMS = 10;

/** A workflow that was executed, each of its tasks with the one record of it. */
export interface Workflow {
  readonly name: string;
  readonly tasks: readonly SpecifiedTask[];
  /** By the task's id. */
  readonly executed: ReadonlyMap<string, ExecutedTask>;
  /** Of all machines together; 0 where it is not told. */
  readonly cores: number;
  /** From the first task's begin to the last one's end; `null` where it is not told. */
  readonly makespanSeconds: number | null;
  /** Milliseconds since 1970; `null` where it is not told, or not when exactly. */
  readonly executedAt: number | null;
}

/** @throws Error that names the file and the place, and what to do. */
export async function readWorkflow(path: string): Promise<Workflow> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  refuseWhatCannotBeReplayed(path, json);
  const result = z.safeParse(schema, json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new Error(
      `${path} is no workflow in WfFormat 1.5: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`,
    );
  }
  const { name, workflow } = result.data;
  const { tasks } = workflow.specification;
  const { execution } = workflow;
  const problems = findGaps(tasks, execution.tasks);
  if (problems.length > 0) {
    const more = problems.length - SHOWN_PROBLEMS;
    const shown = problems.slice(0, SHOWN_PROBLEMS).map((problem) => `  ${problem}`);
    if (more > 0) shown.push(`  and ${more} more`);
    throw new Error(
      `${path} does not tell all of its execution, so that a replay would not be true:\n${shown.join('\n')}`,
    );
  }
  return {
    name,
    tasks,
    executed: new Map(execution.tasks.map((task) => [task.id, task])),
    cores: (execution.machines ?? []).reduce((sum, { cpu }) => sum + (cpu?.coreCount ?? 0), 0),
    makespanSeconds: execution.makespanInSeconds ?? null,
    executedAt: parseExecutedAt(execution.executedAt ?? ''),
  };
}

function refuseWhatCannotBeReplayed(path: string, json: unknown): void {
  const result = z.safeParse(outline, json);
  // What it is instead is told by the schema.
  if (!result.success) return;
  const { schemaVersion, workflow } = result.data;
  // Before 1.5 a workflow had its tasks in one list, with no specification apart.
  const isOlder = workflow.specification === undefined && workflow['tasks'] !== undefined;
  if (isOlder || (schemaVersion && !VERSIONS.includes(schemaVersion))) {
    const version = schemaVersion ?? '1.4 or older';
    throw new Error(
      `${path} is in WfFormat ${version}, and ${VERSIONS.join(' and ')} can be replayed. WfCommons has a tool that brings an older file up, in its place: python3 tools/wfcommons-migrate-instance.py --backup FILE, in a clone of https://github.com/wfcommons/WfFormat`,
    );
  }
  if (workflow.execution === undefined || workflow.execution === null) {
    throw new Error(
      `${path} has nothing to replay: it describes a workflow, and no execution of it (workflow.execution)`,
    );
  }
}

/** Where the two lists do not fit together, each with its place. An unknown parent is a problem of the graph. */
function findGaps(tasks: readonly SpecifiedTask[], executed: readonly ExecutedTask[]): string[] {
  const known = new Set(tasks.map(({ id }) => id));
  const records = new Map<string, number>();
  const problems: string[] = [];
  for (const [index, { id, children }] of tasks.entries()) {
    for (const [place, child] of (children ?? []).entries()) {
      if (known.has(child)) continue;
      problems.push(
        `specification.tasks[${index}].children[${place}]: "${id}" leads to "${child}", which is no task`,
      );
    }
  }
  for (const [index, { id }] of executed.entries()) {
    const before = records.get(id);
    if (before !== undefined)
      problems.push(
        `execution.tasks[${index}]: a second record of "${id}", after execution.tasks[${before}]`,
      );
    else if (!known.has(id))
      problems.push(`execution.tasks[${index}]: a record of "${id}", which is no task`);
    records.set(id, before ?? index);
  }
  for (const [index, { id }] of tasks.entries()) {
    if (!records.has(id))
      problems.push(`specification.tasks[${index}]: "${id}" has no record in execution.tasks`);
  }
  return problems;
}
