import { useReactFlow, useStore } from '@xyflow/react';
import { useLayoutEffect, useRef } from 'react';

/** What was in the middle of the pane stays there when its size changes: a gate that opens beside the run takes its lower part. */
export function useKeepCentre(): void {
  const { getViewport, setViewport } = useReactFlow();
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const before = useRef({ width, height });
  useLayoutEffect(() => {
    const { width: widthBefore, height: heightBefore } = before.current;
    before.current = { width, height };
    // Before it was measured it has no middle.
    if (widthBefore === 0 || heightBefore === 0) return;
    const { x, y, zoom } = getViewport();
    setViewport({ x: x + (width - widthBefore) / 2, y: y + (height - heightBefore) / 2, zoom });
  }, [width, height, getViewport, setViewport]);
}
