import { useReactFlow } from '@xyflow/react';
import { type KeyboardEvent, useCallback } from 'react';

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** From the focused node to the next one in the order of the graph, or to the one before it. */
export function useArrowKeys() {
  const { getNodes, getZoom, setCenter } = useReactFlow();
  return useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      const { currentTarget: pane, target, key } = event;
      const by = STEPS[key];
      const from = target instanceof Element && target.matches('.react-flow__node') ? target : null;
      if (!by || !from) return;
      event.preventDefault();
      const nodes = getNodes();
      const next = nodes[nodes.findIndex(({ id }) => id === from.getAttribute('data-id')) + by];
      if (!next) return;
      const focus = () =>
        pane.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(next.id)}"]`)?.focus();
      const { position, width = 0, height = 0 } = next;
      if (pane.querySelector(`.react-flow__node[data-id="${CSS.escape(next.id)}"]`)) return focus();
      // In a large drawing only what is in view is there.
      void setCenter(position.x + width / 2, position.y + height / 2, { zoom: getZoom() }).then(() =>
        requestAnimationFrame(focus),
      );
    },
    [getNodes, getZoom, setCenter],
  );
}
