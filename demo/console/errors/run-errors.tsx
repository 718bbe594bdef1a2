import { useMemo } from 'react';
import { RUNS_TOPIC, runTopic } from '../../engine/protocol.ts';
import { goTo } from '../route.ts';
import { useClient, useEvent, useLatest } from '../trunk.ts';
import { asFirstTab } from './first-tab.ts';
import { highlight } from './highlight.ts';
import type { Report } from './report.ts';
import { useToasts } from './toasts.ts';

/** A browser that opens an old run is given its errors as well; they are no news then. */
const NEWS_MS = 600_000;

/** Takes the errors of the run in view and of all that are under way. */
export function RunErrors({ report, runId }: { report: Report; runId: string | null }) {
  const runs = useLatest(RUNS_TOPIC, 'run_state');
  const ids = useMemo(() => {
    const underWay = [...runs.values()].filter(({ finishedAt }) => finishedAt === null);
    return [...new Set([...underWay.map((run) => run.runId), ...(runId === null ? [] : [runId])])];
  }, [runs, runId]);
  return ids.map((id) => <ErrorsOfRun key={id} runId={id} report={report} />);
}

/** Each gets a toast and a report, and its node is marked in the graph. */
function ErrorsOfRun({ runId, report }: { runId: string; report: Report }) {
  const client = useClient();
  const toasts = useToasts();
  useEvent(runTopic(runId), 'error', ({ nodeId, message, at }, { offset }) => {
    if (client.now() - at > NEWS_MS) return;
    asFirstTab(`error:${runId}@${offset}`, () =>
      report({ message, runId, ...(nodeId !== null && { nodeId }) }),
    );
    if (nodeId !== null) highlight(runId, nodeId);
    toasts.add({
      tone: 'error',
      text: message,
      action: { label: nodeId === null ? 'Show run' : 'Show node', run: () => goTo({ runId, nodeId }) },
    });
  });
  return null;
}
