import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { hrefOf, useRoute } from '../route.ts';
import { useLatest } from '../trunk.ts';
import { formatMoment } from '../ui/format.ts';

/** `Audit a checkout 3f9a12c07b, started 14:05:33 by Ada`: runs of one pipeline share their name. */
export function RunName({ runId }: { runId: string }) {
  const run = useLatest(RUNS_TOPIC, 'run_state', `run:${runId}`);
  return (
    <span className="run-name">
      <strong>{run?.title ?? 'run'}</strong> <span className="run-id">{runId}</span>
      {run && <>, {sayStart(run)}</>}
    </span>
  );
}

/** The same, and the way there, where it is not on the screen. */
export function RunLink({ runId }: { runId: string }) {
  const { runId: runInView } = useRoute();
  const name = <RunName runId={runId} />;
  return runInView === runId ? name : <a href={hrefOf(runId)}>{name}</a>;
}

/** `started 14:05:33 by Ada` */
export function sayStart({ startedAt, startedBy }: { startedAt: number; startedBy: string | null }): string {
  return `started ${formatMoment(startedAt)}${startedBy === null ? '' : ` by ${startedBy}`}`;
}
