import { useMemo } from 'react';
import type { PipelineEvent } from '../../engine/events.ts';
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { useCommands } from '../palette/commands.ts';
import { useLatest } from '../trunk.ts';
import { plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { useStartRun } from './use-start-run.ts';

/** What the server can run, as it tells. */
export function StartRuns() {
  const pipelines = useLatest(RUNS_TOPIC, 'pipeline');
  const sorted = useMemo(
    () => [...pipelines.values()].sort((a, b) => a.tasks - b.tasks || a.name.localeCompare(b.name)),
    [pipelines],
  );
  return (
    <div className="start-runs">
      {sorted.map((pipeline) => (
        <StartRun key={pipeline.name} pipeline={pipeline} />
      ))}
    </div>
  );
}

function StartRun({ pipeline }: { pipeline: PipelineEvent }) {
  const { title, tasks, gates } = pipeline;
  const { start, isAsking } = useStartRun(pipeline);
  useCommands(isAsking ? [] : [{ group: 'Start', title: `Start: ${title}`, run: start }]);
  return (
    <button type="button" className="start-run" onClick={start} disabled={isAsking}>
      <Icon name="play" />
      <span>
        <strong>{title}</strong>
        <span>
          {isAsking ? 'Waiting for the server …' : `${plural(tasks, 'task')}, ${plural(gates, 'gate')}`}
        </span>
      </span>
    </button>
  );
}
