import type { EventOf } from 'trunkline';
import type { ConsoleProtocol } from '../../engine/protocol.ts';
import { useNow } from '../trunk.ts';
import { formatDuration } from '../ui/format.ts';
import { durationIn } from './run-time.ts';

type Run = EventOf<ConsoleProtocol, 'run_state'>;

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** `took 3.2 s`, and of a run that goes on, `for 12 s`. */
export function Elapsed({ run }: { run: Run }) {
  if (run.finishedAt === null) return <SoFar run={run} />;
  return (
    <span className="tabular">took {formatDuration(durationIn(run, run.startedAt, run.finishedAt))}</span>
  );
}

/** In whole seconds, since it is read anew each second. */
function SoFar({ run }: { run: Run }) {
  const ms = durationIn(run, run.startedAt, useNow());
  return (
    <span className="tabular">
      for {ms < MINUTE_MS ? `${Math.floor(ms / SECOND_MS)} s` : formatDuration(ms)}
    </span>
  );
}
