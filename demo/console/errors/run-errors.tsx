import { useMemo } from 'react';
import { RUNS_TOPIC, runTopic } from '../../engine/protocol.ts';
import { useClient, useEvent, useLatest } from '../trunk.ts';
import type { Failures } from './failures.ts';
import { asFirstTab } from './first-tab.ts';
import { highlight } from './highlight.ts';
import type { Report } from './report.ts';

/** A browser that opens an old run is given its errors as well; they are no news then. */
const NEWS_MS = 600_000;

interface Props {
  readonly failures: Failures;
  readonly report: Report;
}

/** Takes the errors of the run in view and of all that are under way. */
export function RunErrors({ runId, ...props }: Props & { runId: string | null }) {
  const runs = useLatest(RUNS_TOPIC, 'run_state');
  const ids = useMemo(() => {
    const underWay = [...runs.values()].filter(({ finishedAt }) => finishedAt === null);
    return [...new Set([...underWay.map((run) => run.runId), ...(runId === null ? [] : [runId])])];
  }, [runs, runId]);
  return ids.map((id) => <ErrorsOfRun key={id} runId={id} {...props} />);
}

/** Each is kept for the notice and the list, and reported, and its node is marked in the graph. */
function ErrorsOfRun({ runId, failures, report }: Props & { runId: string }) {
  const client = useClient();
  useEvent(runTopic(runId), 'error', ({ type: _, ...error }, { offset }) => {
    const { nodeId, message, at } = error;
    if (client.now() - at > NEWS_MS) return;
    const id = `${runId}@${offset}`;
    asFirstTab(`error:${id}`, () => report({ message, runId, ...(nodeId !== null && { nodeId }) }));
    if (nodeId !== null) highlight(runId, nodeId);
    failures.add({ ...error, id });
  });
  return null;
}
