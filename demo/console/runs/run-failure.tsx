import type { EventOf } from 'trunkline';
import type { ConsoleProtocol } from '../../engine/protocol.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { hrefOf } from '../route.ts';
import { formatCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';

type Run = EventOf<ConsoleProtocol, 'run_state'>;
type NodeEvent = EventOf<ConsoleProtocol, 'node_state'>;

/** Why a run has failed, or what has failed of one that goes on: the first node that did, or what ended the run besides. */
export function RunFailure({
  run,
  graph,
  failures,
}: {
  run: Run;
  graph: readonly GraphStep[];
  failures: readonly NodeEvent[];
}) {
  const [first] = failures;
  if (!first) {
    const isTold = run.state !== 'succeeded' && run.message !== undefined;
    return isTold ? <Reason state={run.state}>{run.message}</Reason> : null;
  }
  const { nodeId, state, message } = first;
  const title = graph.find((step) => step.nodeId === nodeId)?.title ?? nodeId;
  return (
    <Reason state={state}>
      <a href={hrefOf(run.runId, nodeId)}>{title}</a> {message ?? state}
      {failures.length > 1 && `; and ${formatCount(failures.length - 1)} more`}
    </Reason>
  );
}

function Reason({ state, children }: { state: string; children: React.ReactNode }) {
  return (
    <p className="run-failure" data-state={state}>
      <Icon name="alert" />
      <span>{children}</span>
    </p>
  );
}
