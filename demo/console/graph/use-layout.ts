import { useEffect, useState } from 'react';
import type { Place, Step } from './layout.ts';

const known = new WeakMap<readonly Step[], readonly Place[]>();

/** `null` while it is being worked out. A graph that was laid out before is there at once. */
export function useLayout(steps: readonly Step[]): readonly Place[] | null {
  const [, setDone] = useState<readonly Step[]>();
  useEffect(() => {
    if (known.has(steps)) return;
    const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<readonly Place[]>) => {
      worker.terminate();
      known.set(steps, data);
      setDone(steps);
    };
    worker.postMessage(steps.map(({ nodeId, after }) => ({ nodeId, after })));
    return () => worker.terminate();
  }, [steps]);
  return known.get(steps) ?? null;
}
