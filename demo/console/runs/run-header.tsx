import type { ReactNode } from 'react';
import type { RunStateEvent } from '../../engine/events.ts';
import { sayStart } from '../gates/run-name.tsx';
import type { GraphStep } from '../graph/use-graph.ts';
import { Icon } from '../ui/icon.tsx';
import { useLanding } from '../ui/landing.ts';
import { StateBadge } from '../ui/state.tsx';
import { Budget } from './budget.tsx';
import { Elapsed } from './elapsed.tsx';
import { useFailures } from './failures.ts';
import { RecordedTime } from './recorded.tsx';
import { RerunNote } from './rerun-note.tsx';
import { RunActions } from './run-actions.tsx';
import { RunReason } from './run-reason.tsx';

export function RunHeader({
  run,
  topic,
  graph,
  children,
}: {
  run: RunStateEvent;
  topic: string;
  graph: readonly GraphStep[];
  /** What else can be done with it. */
  children: ReactNode;
}) {
  const { failures, rejections } = useFailures(topic);
  return (
    <header className="run-header">
      <div className="run-heading">
        <a className="back button icon-only" href="#/" aria-label="Back to the runs">
          <Icon name="back" />
        </a>
        <div>
          <h1 id="run-title" ref={useLanding()} tabIndex={-1}>
            {run.title}
          </h1>
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
            {run.rejected !== undefined && run.rejected > 0 && (
              <span className="tabular" data-state="rejected">
                {run.rejected} rejected
              </span>
            )}
            <Elapsed run={run} />
            <span>{sayStart(run)}</span>
            <RecordedTime run={run} />
          </p>
          <RunReason run={run} graph={graph} failures={failures} rejections={rejections} />
          <RerunNote run={run} topic={topic} graph={graph} />
        </div>
      </div>
      <Budget topic={topic} startedAt={run.startedAt} />
      {children}
      <RunActions run={run} failed={failures.length} />
    </header>
  );
}
