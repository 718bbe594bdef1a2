import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type RefObject, useCallback, useEffect, useId, useState } from 'react';
import type { NodeStateEvent, RunStateEvent } from '../../engine/events.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { indexOfNode } from '../node/index-of-node.ts';
import { movedBy } from '../ui/moved-by.ts';
import { waitsSince } from './rows.ts';
import type { Span } from './span.ts';
import { TimelineRow } from './timeline-row.tsx';
import { ZOOM_STEP, type Zoom } from './use-zoom.ts';

/** As in the style sheet. */
const ROW_PX = 28;
const NARROW_ROW_PX = 48;
const AXIS_PX = 28;
const PAN_PX = 120;

/**
 * The rows that are in view, of however many. The list itself has the focus and names the row that the keys are at, since a row
 * that is scrolled out of view is no longer there.
 */
export function TimelineRows({
  rows,
  nodes,
  inChain,
  run,
  span,
  now,
  isNarrow,
  scroller,
  below,
  zoom,
  selected,
  onSelect,
}: {
  rows: readonly GraphStep[];
  nodes: ReadonlyMap<string, NodeStateEvent>;
  inChain: ReadonlySet<string>;
  run: RunStateEvent;
  span: Span;
  now: number;
  isNarrow: boolean;
  scroller: RefObject<HTMLElement | null>;
  /** What covers the lower end of the window. */
  below: RefObject<HTMLElement | null>;
  zoom: Zoom;
  selected: string | null;
  onSelect: (nodeId: string) => void;
}) {
  const listId = useId();
  const [activeId, setActiveId] = useState(selected);
  const activeIndex = Math.max(0, indexOfNode(rows, activeId));
  const height = isNarrow ? NARROW_ROW_PX : ROW_PX;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => rows[index]?.nodeId ?? index,
    overscan: 8,
    scrollMargin: AXIS_PX,
  });
  // Sizes are kept, and other ones in a narrow window.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  useEffect(() => virtual.measure(), [height]);

  /** Scrolls no further than it must; not by the virtualizer, which knows no window yet when the rows come. */
  const reveal = (index: number) => {
    const box = scroller.current;
    if (!box) return;
    const top = index * height;
    const room = box.clientHeight - AXIS_PX - (below.current?.offsetHeight ?? 0);
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + height > box.scrollTop + room) box.scrollTop = top + height - room;
  };
  // The virtualizer scrolls to its own beginning when it is given its window, which is after the rows came.
  const canReveal = virtual.scrollElement !== null && indexOfNode(rows, selected) >= 0;
  // Only when another one is selected: a row that moves since it has begun must not take the reader with it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  useEffect(() => {
    if (!canReveal) return;
    setActiveId(selected);
    reveal(indexOfNode(rows, selected));
  }, [selected, canReveal]);

  const choose = useCallback(
    (nodeId: string) => {
      setActiveId(nodeId);
      onSelect(nodeId);
    },
    [onSelect],
  );
  const shown = virtual.getVirtualItems();
  const isRunOver = run.finishedAt !== null;

  const takeKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const active = rows[activeIndex];
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / height) - 2);
    const to = movedBy(event.key, activeIndex, { last: rows.length - 1, page });
    const row = to === null ? undefined : rows[to];
    if (to !== null && row) {
      setActiveId(row.nodeId);
      reveal(to);
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (active) choose(active.nodeId);
    } else if (event.key === '+' || event.key === '=') zoom.by(ZOOM_STEP);
    else if (event.key === '-') zoom.by(1 / ZOOM_STEP);
    else if (event.key === '0') zoom.fit();
    else if (event.key === 'ArrowRight') scroller.current?.scrollBy({ left: PAN_PX });
    else if (event.key === 'ArrowLeft') scroller.current?.scrollBy({ left: -PAN_PX });
    else return;
    event.preventDefault();
  };
  const rowId = (index: number) => `${listId}-${index}`;
  const isActiveShown = shown.some(({ index }) => index === activeIndex);
  return (
    <div
      role="listbox"
      className="timeline-rows"
      aria-label="Nodes"
      aria-activedescendant={isActiveShown ? rowId(activeIndex) : undefined}
      aria-keyshortcuts="+ - 0"
      tabIndex={0}
      style={{ height: virtual.getTotalSize() }}
      onKeyDown={takeKey}
    >
      {shown.map(({ index, start }) => {
        const step = rows[index];
        return (
          step && (
            <TimelineRow
              key={step.nodeId}
              id={rowId(index)}
              index={index}
              count={rows.length}
              top={start - AXIS_PX}
              step={step}
              node={nodes.get(`node:${step.nodeId}`)}
              waitsSince={isRunOver ? null : waitsSince(step, nodes, run.startedAt)}
              isInChain={inChain.has(step.nodeId)}
              run={run}
              span={span}
              now={now}
              isSelected={step.nodeId === selected}
              isActive={index === activeIndex}
              onChoose={choose}
            />
          )
        );
      })}
    </div>
  );
}
