import type { RunStateEvent } from '../../engine/events.ts';
import { useNow } from '../trunk.ts';
import { formatDuration, formatSoFar } from '../ui/format.ts';
import { durationIn } from './run-time.ts';

/** `took 3.2 s`, and of a run that goes on, `for 12 s`. */
export function Elapsed({ run }: { run: RunStateEvent }) {
  if (run.finishedAt === null) return <SoFar run={run} />;
  return (
    <span className="tabular">took {formatDuration(durationIn(run, run.startedAt, run.finishedAt))}</span>
  );
}

function SoFar({ run }: { run: RunStateEvent }) {
  return <span className="tabular">for {formatSoFar(durationIn(run, run.startedAt, useNow()))}</span>;
}
