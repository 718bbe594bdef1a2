import { useSyncExternalStore } from 'react';
import { RunName } from '../gates/run-name.tsx';
import { goTo } from '../route.ts';
import { formatMoment } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import type { Failure, Failures } from './failures.ts';
import { nameOf } from './words.ts';

/** What went wrong since this page was opened, by run, the newest first; each leads to its node. */
export function FailuresPanel({ failures, onGo }: { failures: Failures; onGo: () => void }) {
  const all = useSyncExternalStore(failures.subscribe, failures.get, failures.get);
  const runs = Map.groupBy([...all].reverse(), ({ runId }) => runId);
  if (runs.size === 0) return <p className="empty">Nothing has failed since this page was opened.</p>;
  return [...runs].map(([runId, ofRun]) => (
    <section key={runId} className="failures">
      <h3>
        <RunName runId={runId} />
      </h3>
      <ul>
        {ofRun.map((failure) => (
          <FailureItem key={failure.id} failure={failure} onGo={onGo} />
        ))}
      </ul>
    </section>
  ));
}

function FailureItem({ failure, onGo }: { failure: Failure; onGo: () => void }) {
  const { runId, nodeId, message, at } = failure;
  return (
    <li>
      <button
        type="button"
        className="failure"
        onClick={() => {
          onGo();
          goTo({ runId, nodeId });
        }}
      >
        <Icon name="alert" />
        <span>
          <strong>{nodeId === null ? 'The run' : nameOf(failure)}</strong>
          <span>{message}</span>
          <span className="tabular">{formatMoment(at)}</span>
        </span>
      </button>
    </li>
  );
}
