import type { EventOf } from 'trunkline';
import type { ConsoleProtocol } from '../../engine/protocol.ts';
import { useToasts } from '../errors/toasts.ts';
import { useSend } from '../trunk.ts';
import { formatClock, formatDuration } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { StateBadge } from '../ui/state.tsx';
import { useNow } from '../ui/use-now.ts';
import { Budget } from './budget.tsx';

type Run = EventOf<ConsoleProtocol, 'run_state'>;
type Shape = 'graph' | 'table';

export function RunHeader({
  run,
  topic,
  shape,
  onShape,
}: {
  run: Run;
  topic: string;
  shape: Shape;
  onShape: (shape: Shape) => void;
}) {
  return (
    <header className="run-header">
      <div className="run-heading">
        <a className="back button icon-only" href="#/" aria-label="Back to the runs">
          <Icon name="back" />
        </a>
        <div>
          <h1 id="run-title">{run.title}</h1>
          <p className="run-facts">
            <StateBadge state={run.state} />
            <span className="tabular">
              {run.done} of {run.nodes} done
            </span>
            {run.failed > 0 && (
              <span className="tabular" data-state="failed">
                {run.failed} failed
              </span>
            )}
            <span>started {formatClock(run.startedAt)}</span>
            <Elapsed run={run} />
          </p>
          {run.message && <p className="run-message">{run.message}</p>}
        </div>
      </div>
      <Budget topic={topic} startedAt={run.startedAt} />
      <div className="run-controls">
        <fieldset className="segmented">
          <legend className="sr-only">Show the nodes as</legend>
          {(['graph', 'table'] as const).map((value) => (
            <label key={value}>
              <input type="radio" name="shape" checked={shape === value} onChange={() => onShape(value)} />
              <span>{value === 'graph' ? 'Graph' : 'Table'}</span>
            </label>
          ))}
        </fieldset>
        <CancelRun run={run} />
      </div>
    </header>
  );
}

function Elapsed({ run }: { run: Run }) {
  if (run.finishedAt !== null) return <span>took {formatDuration(run.finishedAt - run.startedAt)}</span>;
  return <Running since={run.startedAt} />;
}

function Running({ since }: { since: number }) {
  const now = useNow();
  const seconds = Math.max(0, Math.floor((now - since) / 1_000));
  return (
    <span className="tabular">for {seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1_000)}</span>
  );
}

function CancelRun({ run }: { run: Run }) {
  const { send, pending } = useSend('cancel_run');
  const toasts = useToasts();
  const cancel = () => {
    send({ runId: run.runId }).catch((error: Error) => toasts.add({ tone: 'error', text: error.message }));
  };
  const isOver = run.finishedAt !== null;
  return (
    <button type="button" className="button danger" onClick={cancel} disabled={isOver || pending}>
      <Icon name="stop" />
      {pending && !isOver ? 'Cancelling …' : 'Cancel run'}
    </button>
  );
}
