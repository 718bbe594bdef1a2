import { useSyncExternalStore } from 'react';
import { goTo } from '../route.ts';
import type { Failure, Failures } from './failures.ts';
import { NoticeCard } from './notice-card.tsx';
import { useToasts } from './toasts.ts';
import { sayFailure, sayFailures } from './words.ts';

/**
 * What the page tells without being asked: toasts, and what has failed, of which all nodes are one notice. The region is always there,
 * so that a screen reader notices what comes into it; it has a place of its own, where it covers nothing.
 */
export function Notices({ failures, onShowFailures }: { failures: Failures; onShowFailures: () => void }) {
  const toasts = useToasts();
  const list = useSyncExternalStore(toasts.subscribe, toasts.get, toasts.get);
  const all = useSyncExternalStore(failures.subscribe, failures.get, failures.get);
  const unseen = all.filter(({ isSeen }) => !isSeen);
  return (
    <section className="toasts" aria-label="Notices" aria-live="polite" aria-relevant="additions text">
      <FailedNodes
        nodes={unseen.filter(({ nodeId }) => nodeId !== null)}
        onShow={onShowFailures}
        onDismiss={failures.see}
      />
      {unseen
        .filter(({ nodeId }) => nodeId === null)
        .map((failure) => (
          <NoticeCard
            key={failure.id}
            tone="error"
            text={sayFailure(failure)}
            runIds={[failure.runId]}
            action={{ label: 'Show run', run: () => goTo({ runId: failure.runId }) }}
            onDismiss={() => failures.see([failure])}
          />
        ))}
      {list.map((toast) => (
        <NoticeCard key={toast.id} {...toast} onDismiss={() => toasts.dismiss(toast.id)} />
      ))}
    </section>
  );
}

/** One notice, however many there are. */
function FailedNodes({
  nodes,
  onShow,
  onDismiss,
}: {
  nodes: readonly Failure[];
  onShow: () => void;
  onDismiss: (seen: readonly Failure[]) => void;
}) {
  const [first] = nodes;
  if (!first) return null;
  const isOne = nodes.every(({ runId, nodeId }) => runId === first.runId && nodeId === first.nodeId);
  return (
    <NoticeCard
      tone="error"
      text={sayFailures(nodes)}
      runIds={[...new Set(nodes.map(({ runId }) => runId))]}
      action={isOne ? { label: 'Show node', run: () => goTo(first) } : { label: 'Show all', run: onShow }}
      onDismiss={() => onDismiss(nodes)}
    />
  );
}
