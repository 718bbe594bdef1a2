import type { EventOf } from 'trunkline';
import type { ConsoleProtocol } from '../../engine/protocol.ts';
import { useNow } from '../trunk.ts';
import { formatDuration, formatSoFar } from '../ui/format.ts';
import { durationIn } from './run-time.ts';

type Run = EventOf<ConsoleProtocol, 'run_state'>;

/** `took 3.2 s`, and of a run that goes on, `for 12 s`. */
export function Elapsed({ run }: { run: Run }) {
  if (run.finishedAt === null) return <SoFar run={run} />;
  return (
    <span className="tabular">took {formatDuration(durationIn(run, run.startedAt, run.finishedAt))}</span>
  );
}

function SoFar({ run }: { run: Run }) {
  return <span className="tabular">for {formatSoFar(durationIn(run, run.startedAt, useNow()))}</span>;
}
