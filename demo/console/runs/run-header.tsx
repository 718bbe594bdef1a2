import type { EventOf } from 'trunkline';
import type { ConsoleProtocol } from '../../engine/protocol.ts';
import { useToasts } from '../errors/toasts.ts';
import { sayStart } from '../gates/run-name.tsx';
import { useSend } from '../trunk.ts';
import { Icon } from '../ui/icon.tsx';
import { StateBadge } from '../ui/state.tsx';
import { Budget } from './budget.tsx';
import { Elapsed } from './elapsed.tsx';
import { RecordedTime } from './recorded.tsx';

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
            <RecordedTime run={run} />
          </p>
        </div>
      </div>
      <Budget topic={topic} startedAt={run.startedAt} />
      <CancelRun run={run} />
    </header>
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
