import { memo, useMemo } from 'react';
import type { RunStateEvent } from '../../engine/events.ts';
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { sayStart } from '../gates/run-name.tsx';
import { useCommands } from '../palette/commands.ts';
import { goTo, hrefOf, useRoute } from '../route.ts';
import { useIsLoaded, useTopicStatus } from '../topics.ts';
import { useLatest } from '../trunk.ts';
import { formatMoment, plural } from '../ui/format.ts';
import { takeFocus } from '../ui/landing.ts';
import { STATE_WORDS, StateIcon } from '../ui/state.tsx';

/** Newest first. It renders with every change of any run, its items only with their own. */
export function RunList() {
  const runs = useLatest(RUNS_TOPIC, 'run_state');
  const { runId: selected } = useRoute();
  const isLoaded = useIsLoaded(RUNS_TOPIC);
  const { state } = useTopicStatus(RUNS_TOPIC);
  const ids = useMemo(
    () => [...runs.values()].sort((a, b) => b.startedAt - a.startedAt).map(({ runId }) => runId),
    [runs],
  );
  useCommands(
    ids.flatMap((runId) => {
      const run = runs.get(`run:${runId}`);
      if (!run) return [];
      const go = () => {
        goTo({ runId });
        takeFocus();
      };
      return [
        {
          group: 'Go to' as const,
          title: run.title,
          about: `${STATE_WORDS[run.state]}, ${sayStart(run)}`,
          run: go,
        },
      ];
    }),
  );
  if (state === 'unavailable')
    return <p className="hint">No connection, and no run is kept in this browser.</p>;
  if (!isLoaded && ids.length === 0) return <RunListSkeleton />;
  if (ids.length === 0) return <p className="hint">No run yet. Start one above.</p>;
  return (
    <ul className="run-list">
      {ids.map((id) => (
        <RunItem key={id} runId={id} isSelected={id === selected} />
      ))}
    </ul>
  );
}

const RunItem = memo(function RunItem({ runId, isSelected }: { runId: string; isSelected: boolean }) {
  const run = useLatest(RUNS_TOPIC, 'run_state', `run:${runId}`);
  if (!run) return null;
  return (
    <li>
      <a className="run-item" href={hrefOf(runId)} aria-current={isSelected ? 'page' : undefined}>
        <StateIcon state={run.state} />
        <span className="run-item-text">
          <span className="run-item-title">{run.title}</span>
          <span className="run-item-facts">
            {formatMoment(run.startedAt)} · {STATE_WORDS[run.state]}
          </span>
          <Progress run={run} />
        </span>
        {run.gatesWaiting > 0 && (
          <span className="count" data-state="waiting" title={`${plural(run.gatesWaiting, 'gate')} waiting`}>
            {run.gatesWaiting}
            <span className="sr-only"> {run.gatesWaiting === 1 ? 'gate' : 'gates'} waiting</span>
          </span>
        )}
      </a>
    </li>
  );
});

function Progress({ run: { done, failed, rejected = 0, nodes } }: { run: RunStateEvent }) {
  const share = (count: number) => `${nodes > 0 ? (100 * count) / nodes : 0}%`;
  return (
    <span className="progress" aria-hidden="true">
      <span data-state="succeeded" style={{ width: share(done) }} />
      <span data-state="failed" style={{ width: share(failed) }} />
      <span data-state="rejected" style={{ width: share(rejected) }} />
    </span>
  );
}

/** Seen only where the state takes its time: it fades in late. */
function RunListSkeleton() {
  return (
    <div className="skeleton" role="status">
      <span className="sr-only">Loading the runs</span>
      <div className="skeleton-row" />
      <div className="skeleton-row" />
      <div className="skeleton-row" />
    </div>
  );
}
