import type { RunStateEvent } from '../../engine/events.ts';
import { useNow } from '../trunk.ts';
import { formatDay, formatDuration } from '../ui/format.ts';
import { durationIn } from './run-time.ts';

type Replay = NonNullable<RunStateEvent['replay']>;

/** Of a replay: how long the execution took that was recorded, beside how long the replay takes in its time. */
export function Recorded({ run }: { run: RunStateEvent }) {
  return run.replay ? <Facts run={run} replay={run.replay} /> : null;
}

/** That durations are told in another time than the clock's, and how long it all took in that time. */
export function RecordedTime({ run: { replay } }: { run: RunStateEvent }) {
  if (!replay) return null;
  const { makespanSeconds, speed } = replay;
  const recorded =
    makespanSeconds === null ? 'unknown length' : `${formatDuration(makespanSeconds * 1_000)} recorded`;
  return (
    <span
      className="tabular"
      title="Durations are told in the time of the recorded execution, not of its replay."
    >
      {recorded} · all in recorded time, {speed} × as fast
    </span>
  );
}

/** The replay's own makespan in the time of what was recorded, and that one's; `null` where it is not told. */
function useSpans(run: RunStateEvent, { makespanSeconds }: Replay) {
  const now = useNow();
  const replayedMs = durationIn(run, run.startedAt, run.finishedAt ?? now);
  return { replayedMs, recordedMs: makespanSeconds === null ? null : makespanSeconds * 1_000 };
}

function Facts({ run, replay }: { run: RunStateEvent; replay: Replay }) {
  const { speed, executedAt } = replay;
  const { replayedMs, recordedMs } = useSpans(run, replay);
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
