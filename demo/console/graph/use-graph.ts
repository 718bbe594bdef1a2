import { useMemo } from 'react';
import { useLatest } from '../trunk.ts';

export interface GraphStep {
  readonly nodeId: string;
  readonly title: string;
  readonly kind: 'task' | 'gate';
  readonly after: readonly string[];
  /** What it runs, where that is told. */
  readonly command?: string | undefined;
}

/** A run's graph, once all of its parts are here; the same object from then on. */
export function useGraph(topic: string): readonly GraphStep[] | null {
  const parts = useLatest(topic, 'run_graph');
  return useMemo(() => {
    const sorted = [...parts.values()].sort((a, b) => a.part - b.part);
    const [first] = sorted;
    if (!first || sorted.length < first.parts) return null;
    return sorted.flatMap(({ nodes }) => nodes);
  }, [parts]);
}
