import { useMemo } from 'react';
import type { EventOf } from 'trunkline';
import { type ConsoleProtocol, RUNS_TOPIC } from '../../engine/protocol.ts';
import { useToasts } from '../errors/toasts.ts';
import { goTo } from '../route.ts';
import { useLatest, useSend } from '../trunk.ts';
import { plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';

type Pipeline = EventOf<ConsoleProtocol, 'pipeline'>;

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

function StartRun({ pipeline: { name, title, tasks, gates } }: { pipeline: Pipeline }) {
  const { send, pending } = useSend('start_run');
  const toasts = useToasts();
  const start = async () => {
    try {
      const { outcome } = await send({ pipeline: name });
      const ended = await outcome;
      if (ended.status === 'accepted') goTo({ runId: ended.result.runId });
      else if (ended.status === 'rejected') toasts.add({ tone: 'error', text: `${title}: ${ended.message}` });
    } catch (error) {
      toasts.add({ tone: 'error', text: `${title}: ${error instanceof Error ? error.message : error}` });
    }
  };
  return (
    <button type="button" className="start-run" onClick={start} disabled={pending}>
      <Icon name="play" />
      <span>
        <strong>{title}</strong>
        <span>
          {pending ? 'Waiting for the server …' : `${plural(tasks, 'task')}, ${plural(gates, 'gate')}`}
        </span>
      </span>
    </button>
  );
}
