import type { RunStateEvent } from '../../engine/events.ts';
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { useOutcome } from '../errors/use-outcome.ts';
import { useCommands } from '../palette/commands.ts';
import { useLatest, usePending, useSend } from '../trunk.ts';
import { formatCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { useAskedWords } from '../ui/use-asked-words.ts';
import { useStartRun } from './use-start-run.ts';

/** What can be done with a run: cancelled while it goes on, run again when it is over, and what failed at any time. */
export function RunActions({ run, failed }: { run: RunStateEvent; failed: number }) {
  return (
    <div className="run-actions">
      {failed > 0 && <RerunFailed runId={run.runId} failed={failed} />}
      {run.finishedAt === null ? <CancelRun run={run} /> : <RunAgain run={run} />}
    </div>
  );
}

function RerunFailed({ runId, failed }: { runId: string; failed: number }) {
  const { send } = useSend('retry_failed');
  const pending = usePending('retry_failed', runId);
  const asked = useAskedWords();
  const outcomeOf = useOutcome();
  const rerun = () => outcomeOf(send({ runId }), { runId });
  useCommands(pending ? [] : [{ group: 'This run', title: 'Rerun what failed', run: rerun }]);
  return (
    <button type="button" className="button" onClick={rerun} disabled={pending !== undefined}>
      <Icon name="retry" />
      {pending ? asked : `Rerun ${formatCount(failed)} failed`}
    </button>
  );
}

function RunAgain({ run: { pipeline: name, title } }: { run: RunStateEvent }) {
  const pipeline = useLatest(RUNS_TOPIC, 'pipeline', `pipeline:${name}`);
  const { start, isAsking } = useStartRun({ name, title });
  useCommands(isAsking || !pipeline ? [] : [{ group: 'This run', title: 'Run this again', run: start }]);
  return (
    <button
      type="button"
      className="button"
      onClick={start}
      disabled={isAsking || !pipeline}
      title={pipeline ? 'Starts another run of the same pipeline' : 'The server has this pipeline no more'}
    >
      <Icon name="play" />
      {isAsking ? 'Asked for …' : 'Run again'}
    </button>
  );
}

function CancelRun({ run: { runId } }: { run: RunStateEvent }) {
  const { send } = useSend('cancel_run');
  const pending = usePending('cancel_run', runId);
  const outcomeOf = useOutcome();
  const cancel = () => outcomeOf(send({ runId }), { runId });
  useCommands(pending ? [] : [{ group: 'This run', title: 'Cancel this run', run: cancel }]);
  return (
    <button type="button" className="button danger" onClick={cancel} disabled={pending !== undefined}>
      <Icon name="stop" />
      {pending ? 'Cancelling …' : 'Cancel run'}
    </button>
  );
}
