import type { ReactNode } from 'react';
import type { NodeStateEvent, RunStateEvent } from '../../engine/events.ts';
import type { RunState } from '../../engine/protocol.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { hrefOf } from '../route.ts';
import { formatCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';

/**
 * Why a run does not come to its end, or what of one that goes on does not: the first node that failed, else the first gate that
 * was rejected, else what ended the run besides.
 */
export function RunReason({
  run,
  graph,
  failures,
  rejections,
}: {
  run: RunStateEvent;
  graph: readonly GraphStep[];
  failures: readonly NodeStateEvent[];
  rejections: readonly NodeStateEvent[];
}) {
  const nodes = failures.length > 0 ? failures : rejections;
  const [first] = nodes;
  if (!first || isOfBudget(run, failures)) {
    const isTold = run.state !== 'succeeded' && run.message !== undefined;
    return isTold ? <Reason state={run.state}>{run.message}</Reason> : null;
  }
  const { nodeId, state, message } = first;
  const title = graph.find((step) => step.nodeId === nodeId)?.title ?? nodeId;
  return (
    <Reason state={state}>
      <a href={hrefOf(run.runId, nodeId)}>{title}</a> {message ?? state}
      {nodes.length > 1 && `; and ${formatCount(nodes.length - 1)} more`}
    </Reason>
  );
}

/** It has failed, though no node has: a gate that was rejected before is not the reason. */
function isOfBudget({ state }: RunStateEvent, failures: readonly NodeStateEvent[]): boolean {
  return state === 'failed' && failures.length === 0;
}

function Reason({ state, children }: { state: NodeStateEvent['state'] | RunState; children: ReactNode }) {
  return (
    <p className="run-reason" data-state={state}>
      <Icon name={state === 'rejected' ? 'barred' : 'alert'} />
      <span>{children}</span>
    </p>
  );
}
