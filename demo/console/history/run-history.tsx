import { useMemo } from 'react';
import { runTopic } from '../../engine/protocol.ts';
import { ExportRun } from '../export/export-run.tsx';
import type { GraphStep } from '../graph/use-graph.ts';
import { useLatest } from '../trunk.ts';
import { Icon } from '../ui/icon.tsx';
import { HistoryEntry } from './history-entry.tsx';

/** Who did what in the run, the newest first, and what came of it. To be keyed by the run. */
export function RunHistory({
  runId,
  graph,
  onClose,
}: {
  runId: string;
  graph: readonly GraphStep[];
  onClose: () => void;
}) {
  const entries = useLatest(runTopic(runId), 'audit_entry');
  const sorted = useMemo(
    () => [...entries.values()].sort((a, b) => b.at - a.at || b.number - a.number),
    [entries],
  );
  const steps = useMemo(() => new Map(graph.map((step) => [step.nodeId, step])), [graph]);
  const isWhole = sorted.some(({ action }) => action === 'start');
  return (
    <>
      <header className="details-header">
        <h2>History</h2>
        <button type="button" className="button icon-only" aria-label="Close the history" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <ExportRun runId={runId} />
      <ol className="history" aria-label="Who did what, the newest first">
        {sorted.map((entry) => (
          <HistoryEntry
            key={`${entry.by === null} ${entry.number}`}
            runId={runId}
            entry={entry}
            step={steps.get(entry.nodeId ?? '')}
          />
        ))}
      </ol>
      {!isWhole && <p className="hint">What came before was not written down, or is kept no more.</p>}
    </>
  );
}
