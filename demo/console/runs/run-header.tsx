import type { EventOf } from 'trunkline';
import type { ConsoleProtocol } from '../../engine/protocol.ts';
import { useToasts } from '../errors/toasts.ts';
import { sayStart } from '../gates/run-name.tsx';
import { useNow, useSend } from '../trunk.ts';
import { formatDuration } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { StateBadge } from '../ui/state.tsx';
import { Budget } from './budget.tsx';
import { RecordedSpan } from './recorded.tsx';

type Run = EventOf<ConsoleProtocol, 'run_state'>;

export function RunHeader({ run, topic }: { run: Run; topic: string }) {
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
            <Elapsed run={run} />
            <span>{sayStart(run)}</span>
            <RecordedSpan run={run} />
          </p>
        </div>
      </div>
      <Budget topic={topic} startedAt={run.startedAt} />
      <CancelRun run={run} />
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
