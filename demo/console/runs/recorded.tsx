import type { EventOf } from 'trunkline';
import type { ConsoleProtocol } from '../../engine/protocol.ts';
import { useNow } from '../trunk.ts';
import { formatDay, formatDuration } from '../ui/format.ts';

type Run = EventOf<ConsoleProtocol, 'run_state'>;
type Replay = NonNullable<Run['replay']>;

/** Of a replay: how long the execution took that was recorded, beside how long the replay takes in its time. */
export function Recorded({ run }: { run: Run }) {
  return run.replay ? <Facts run={run} replay={run.replay} /> : null;
}

function Facts({ run, replay: { speed, makespanSeconds, executedAt } }: { run: Run; replay: Replay }) {
  const now = useNow();
  const replayedMs = Math.max(0, (run.finishedAt ?? now) - run.startedAt) * speed;
  const recordedMs = makespanSeconds === null ? null : makespanSeconds * 1_000;
  return (
    <section className="recorded" aria-label="Recorded execution">
      <dl className="facts">
        <div>
          <dt>Recorded</dt>
          <dd className="tabular">{recordedMs === null ? 'not told' : formatDuration(recordedMs)}</dd>
        </div>
        <div>
          <dt>Replay</dt>
          <dd className="tabular">
            {formatDuration(replayedMs)}
            {run.finishedAt !== null && recordedMs !== null && recordedMs > 0 && (
              <> ({(replayedMs / recordedMs).toFixed(2)} of it)</>
            )}
          </dd>
        </div>
        <div>
          <dt>Executed</dt>
          <dd>{executedAt === null ? 'not told' : formatDay(executedAt)}</dd>
        </div>
      </dl>
      <p className="hint">
        At {speed} times the recorded speed. The file does not say when a task began: here each begins as soon
        as those before it have ended and a core is free, and waiting for a person counts as well.
      </p>
    </section>
  );
}
