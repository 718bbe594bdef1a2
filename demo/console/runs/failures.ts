import { useMemo } from 'react';
import type { EventOf } from 'trunkline';
import type { ConsoleProtocol } from '../../engine/protocol.ts';
import { useLatest } from '../trunk.ts';

type NodeEvent = EventOf<ConsoleProtocol, 'node_state'>;

/** The nodes of a run that have failed or were interrupted, in the order in which they did. */
export function useFailures(topic: string): readonly NodeEvent[] {
  const nodes = useLatest(topic, 'node_state');
  return useMemo(
    () =>
      [...nodes.values()]
        .filter(({ state }) => state === 'failed' || state === 'interrupted')
        .sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0)),
    [nodes],
  );
}
