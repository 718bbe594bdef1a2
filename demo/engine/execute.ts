import { type Execution, runChild } from './child.ts';
import type { LineListener } from './lines.ts';
import type { Task } from './pipeline.ts';
import type { Source } from './saved-run.ts';
import { replayTask } from './trace.ts';

/** What a run's processes are called, so that a later server finds those that an earlier one left behind. */
export function markOf(runId: string): string {
  return `trunkline-run:${runId}`;
}

/** One attempt at a task: a real child process, or a replay of what one did. */
export async function execute(
  source: Source,
  task: Task,
  options: { runId: string; folder: string; signal: AbortSignal; onLine: LineListener },
): Promise<Execution> {
  const { runId, folder, signal, onLine } = options;
  if (source.kind === 'trace') {
    return await replayTask(source.trace, task.id, { speed: source.speed, signal, onLine });
  }
  const env = { WORK: folder, TARGET: source.target, HERE: source.here };
  return await runChild(fillIn(task.run, { ...env, NODE: process.execPath }), {
    mark: markOf(runId),
    cwd: folder,
    env,
    timeoutMs: task.timeoutSeconds * 1_000,
    signal,
    onLine,
  });
}

function fillIn(command: readonly string[], values: Readonly<Record<string, string>>): string[] {
  return command.map((part) => part.replaceAll(/\$(\w+)/g, (whole, name: string) => values[name] ?? whole));
}
