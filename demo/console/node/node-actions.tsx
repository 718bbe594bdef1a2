import { useState } from 'react';
import { type NodeState, runTopic } from '../../engine/protocol.ts';
import { useOutcome } from '../errors/use-outcome.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { useLatest, usePending, useSend } from '../trunk.ts';
import { plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { Modal } from '../ui/modal.tsx';
import { useAskedWords } from '../ui/use-asked-words.ts';
import { begunAfter } from './begun-after.ts';

const RETRIABLE = new Set<NodeState>(['failed', 'rejected', 'cancelled', 'interrupted']);

/** Runs a node again, or asks a gate again: one that came to nothing at once, one that has succeeded after a question. */
export function NodeActions({
  runId,
  nodeId,
  state,
  graph,
}: {
  runId: string;
  nodeId: string;
  state: NodeState;
  graph: readonly GraphStep[];
}) {
  if (RETRIABLE.has(state)) {
    // A node that asks may fail as well, by itself.
    const isAsked =
      state !== 'failed' && graph.some((step) => step.nodeId === nodeId && step.kind === 'gate');
    return <RetryNode runId={runId} nodeId={nodeId} label={isAsked ? 'Ask again' : 'Retry'} />;
  }
  if (state === 'succeeded') return <RerunFrom runId={runId} nodeId={nodeId} graph={graph} />;
  return null;
}

function RetryNode({ runId, nodeId, label }: { runId: string; nodeId: string; label: string }) {
  const { send } = useSend('retry_node');
  const pending = usePending('retry_node', `${runId}/${nodeId}`);
  const asked = useAskedWords();
  const outcomeOf = useOutcome();
  return (
    <button
      type="button"
      className="button small"
      onClick={() => outcomeOf(send({ runId, nodeId }), { runId })}
      disabled={pending !== undefined}
    >
      <Icon name="retry" />
      {pending ? asked : label}
    </button>
  );
}

function RerunFrom({ runId, nodeId, graph }: { runId: string; nodeId: string; graph: readonly GraphStep[] }) {
  const { send } = useSend('rerun_from');
  const pending = usePending('rerun_from', `${runId}/${nodeId}`);
  const asked = useAskedWords();
  const outcomeOf = useOutcome();
  const [isAsking, setIsAsking] = useState(false);
  const rerun = () => {
    setIsAsking(false);
    outcomeOf(send({ runId, nodeId }), { runId });
  };
  return (
    <>
      <button
        type="button"
        className="button small"
        onClick={() => setIsAsking(true)}
        disabled={pending !== undefined}
      >
        <Icon name="retry" />
        {pending ? asked : 'Rerun from here'}
      </button>
      {isAsking && (
        <ConfirmRerun
          runId={runId}
          nodeId={nodeId}
          graph={graph}
          onRerun={rerun}
          onClose={() => setIsAsking(false)}
        />
      )}
    </>
  );
}

function ConfirmRerun({
  runId,
  nodeId,
  graph,
  onRerun,
  onClose,
}: {
  runId: string;
  nodeId: string;
  graph: readonly GraphStep[];
  onRerun: () => void;
  onClose: () => void;
}) {
  const nodes = useLatest(runTopic(runId), 'node_state');
  const begun = begunAfter(graph, nodes, nodeId);
  const step = graph.find((step) => step.nodeId === nodeId);
  const title = step?.title ?? nodeId;
  const again = step?.kind === 'gate' ? 'It is asked again' : 'It runs again';
  return (
    <Modal
      about={nodeId}
      eyebrow="What was done may be done twice"
      title={`Rerun from “${title}”?`}
      onClose={onClose}
    >
      <p>
        {begun === 0
          ? `${again}, and after it runs what waits for it.`
          : `${again}, and with it ${plural(begun, 'node')} after it that ${begun === 1 ? 'has' : 'have'} run already: ${plural(begun + 1, 'node')} in all.`}
      </p>
      <p>What they do outside of this run, such as a release or a message, may happen a second time.</p>
      <div className="modal-footer">
        <div className="modal-actions">
          <button type="button" className="button" onClick={onClose}>
            Leave it
          </button>
          <button type="button" className="button primary" onClick={onRerun}>
            Rerun {plural(begun + 1, 'node')}
          </button>
        </div>
      </div>
    </Modal>
  );
}
