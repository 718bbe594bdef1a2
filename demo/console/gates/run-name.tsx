import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { useLatest } from '../trunk.ts';
import { formatMoment } from '../ui/format.ts';

/** `Audit a checkout, started 14:05:33 by Ada`: runs of one pipeline share their name. */
export function RunName({ runId }: { runId: string }) {
  const run = useLatest(RUNS_TOPIC, 'run_state', `run:${runId}`);
  if (!run) return <span>run {runId}</span>;
  return (
    <span>
      <strong>{run.title}</strong>, {sayStart(run)}
    </span>
  );
}

/** `started 14:05:33 by Ada` */
export function sayStart({ startedAt, startedBy }: { startedAt: number; startedBy: string | null }): string {
  return `started ${formatMoment(startedAt)}${startedBy === null ? '' : ` by ${startedBy}`}`;
}
