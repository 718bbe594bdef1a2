/** Pipelines of processes, and replays of recorded executions, as what runs behind the console. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execute } from './execute.ts';
import type { Replay } from './opening.ts';
import { Run } from './run.ts';
import type { RunKind } from './run-kind.ts';
import { loadSavedRun, type Source, saveRun } from './saved-run.ts';
import { commandOf } from './trace.ts';

export function pipelines(sources: readonly Source[]): RunKind<Source> {
  return {
    sources,
    save: saveRun,
    load: loadSavedRun,
    replayOf,
    make: (source, { pipeline: _, ...opening }, { folder, ...services }, history) => {
      const { runId } = opening;
      return new Run(
        { ...opening, pipeline: source.pipeline },
        {
          ...services,
          execute: (task, options) => execute(source, task, { runId, folder, ...options }),
          read: (file) => readFile(join(folder, basename(file)), 'utf8'),
        },
        history,
      );
    },
    close() {},
  };
}

function replayOf(source: Source): Replay | undefined {
  if (source.kind === 'file') return undefined;
  const { trace, speed } = source;
  const { makespanSeconds, executedAt } = trace;
  return { speed, makespanSeconds, executedAt, commandOf: (nodeId) => commandOf(trace, nodeId) };
}
