import { MiniMap, type MiniMapNodeProps, useNodesData } from '@xyflow/react';
import { memo } from 'react';
import type { DrawnNode } from './drawn.ts';
import { useStateCounts } from './states.ts';

const NONE: readonly string[] = [];
const SIZE = { width: 150, height: 96 };

/** The whole drawing, small, with the part that is seen. It can be dragged. */
export const Overview = memo(function Overview() {
  return (
    <MiniMap
      className="graph-overview"
      style={SIZE}
      position="bottom-right"
      nodeComponent={OverviewNode}
      pannable
      zoomable
    />
  );
});

/** In the colour of the most urgent state in it. */
const OverviewNode = memo(function OverviewNode({ id, x, y, width, height }: MiniMapNodeProps) {
  const node = useNodesData<DrawnNode>(id);
  const isFrame = node?.type === 'open';
  const [first] = useStateCounts(isFrame ? NONE : (node?.data.nodeIds ?? NONE));
  return (
    <rect
      className="overview-node"
      data-state={first?.state ?? 'pending'}
      data-frame={isFrame}
      x={x}
      y={y}
      width={width}
      height={height}
      rx={8}
    />
  );
});
