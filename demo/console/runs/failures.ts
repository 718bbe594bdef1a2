import { useMemo } from 'react';
import type { NodeStateEvent } from '../../engine/events.ts';
import type { NodeState } from '../../engine/protocol.ts';
import { useLatest } from '../trunk.ts';

const FAILED: ReadonlySet<NodeState> = new Set(['failed', 'interrupted']);

/** The nodes of a run that came to nothing, each in the order in which they did: by themselves, or as a person decided. */
export function useFailures(topic: string): {
  /** They have failed or were interrupted. */
  readonly failures: readonly NodeStateEvent[];
  readonly rejections: readonly NodeStateEvent[];
} {
  const nodes = useLatest(topic, 'node_state');
  return useMemo(() => {
    const ended = [...nodes.values()].sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0));
    return {
      failures: ended.filter(({ state }) => FAILED.has(state)),
      rejections: ended.filter(({ state }) => state === 'rejected'),
    };
  }, [nodes]);
}
