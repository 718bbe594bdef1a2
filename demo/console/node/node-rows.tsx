import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useEffect, useId, useRef, useState } from 'react';
import type { RunTime } from '../runs/run-time.ts';
import { movedBy } from '../ui/moved-by.ts';
import { indexOfNode } from './index-of-node.ts';
import { NodeRow } from './node-row.tsx';
import type { Column, Order, Row } from './rows.ts';

// As in the style sheet.
const ROW_PX = 36;
const FOLDED_ROW_PX = 54;
const HEAD_PX = 34;
const FOLDED_BELOW_PX = 560;
/** Rows beyond those in view, at either end. */
const OVERSCAN = 8;
const COLUMNS: readonly { column: Column; label: string }[] = [
  { column: 'name', label: 'Node' },
  { column: 'state', label: 'State' },
  { column: 'start', label: 'Start' },
  { column: 'duration', label: 'Took' },
  { column: 'attempt', label: 'Attempt' },
  { column: 'cost', label: 'Cost' },
];

/**
 * The rows that are in view, of however many. The table itself has the focus and names the row that the keys are at, since
 * a row that is scrolled out of view is no longer there.
 */
export function NodeRows({
  rows,
  run,
  order,
  onOrder,
  currency,
  selected,
  onSelect,
}: {
  rows: readonly Row[];
  run: RunTime;
  order: Order;
  onOrder: (order: Order) => void;
  currency: string | null;
  selected: string | null;
  onSelect: (nodeId: string) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const tableId = useId();
  const [activeId, setActiveId] = useState(selected);
  const activeIndex = Math.max(0, indexOfNode(rows, activeId));
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ((scroller.current?.clientWidth ?? 0) < FOLDED_BELOW_PX ? FOLDED_ROW_PX : ROW_PX),
    getItemKey: (index) => rows[index]?.nodeId ?? index,
    overscan: OVERSCAN,
    scrollMargin: HEAD_PX,
    scrollPaddingStart: HEAD_PX,
  });
  const shown = virtual.getVirtualItems();
  const above = (shown[0]?.start ?? HEAD_PX) - HEAD_PX;
  const below = Math.max(0, virtual.getTotalSize() + HEAD_PX - (shown.at(-1)?.end ?? HEAD_PX));
  const columns = COLUMNS.filter(({ column }) => column !== 'cost' || currency !== null);
  const choose = useCallback(
    (nodeId: string) => {
      setActiveId(nodeId);
      onSelect(nodeId);
    },
    [onSelect],
  );

  // Only when another one is selected: a row that moves since its state has changed must not take the reader with it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  useEffect(() => {
    const index = indexOfNode(rows, selected);
    if (index < 0) return;
    setActiveId(selected);
    virtual.scrollToIndex(index, { align: 'auto' });
  }, [selected]);

  const takeKey = (event: KeyboardEvent<HTMLTableElement>) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const active = rows[activeIndex];
    if (event.key === 'Enter' || event.key === ' ') {
      if (active) choose(active.nodeId);
    } else {
      const page = Math.max(1, shown.length - 2 * OVERSCAN);
      const to = movedBy(event.key, activeIndex, { last: rows.length - 1, page });
      const row = to === null ? undefined : rows[to];
      if (to === null || !row) return;
      setActiveId(row.nodeId);
      virtual.scrollToIndex(to, { align: 'auto' });
    }
    event.preventDefault();
  };
  const rowId = (index: number) => `${tableId}-${index}`;
  const isActiveShown = shown.some(({ index }) => index === activeIndex);
  return (
    <div className="node-rows" ref={scroller}>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid is a table whose rows are chosen by keys
        role="grid"
        aria-label="Nodes"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={isActiveShown ? rowId(activeIndex) : undefined}
        tabIndex={0}
        // In the place of the rows that are out of view.
        style={{ marginTop: above, marginBottom: below }}
        onKeyDown={takeKey}
      >
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(({ column, label }) => (
              <Head key={column} column={column} label={label} order={order} onOrder={onOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(({ index }) => {
            const row = rows[index];
            return (
              row && (
                <NodeRow
                  key={row.nodeId}
                  row={row}
                  run={run}
                  id={rowId(index)}
                  index={index}
                  position={index + 2}
                  currency={currency}
                  isSelected={row.nodeId === selected}
                  isActive={index === activeIndex}
                  measure={virtual.measureElement}
                  onChoose={choose}
                />
              )
            );
          })}
        </tbody>
      </table>
      {rows.length === 0 && <p className="empty">No node is like that.</p>}
    </div>
  );
}

/** A first click sorts upwards, the next one downwards. */
function Head({
  column,
  label,
  order,
  onOrder,
}: {
  column: Column;
  label: string;
  order: Order;
  onOrder: (order: Order) => void;
}) {
  const isSorted = order.by === column;
  const direction = order.isDescending ? 'descending' : 'ascending';
  return (
    <th scope="col" data-column={column} aria-sort={isSorted ? direction : undefined}>
      <button
        type="button"
        className="link"
        onClick={() => onOrder({ by: column, isDescending: isSorted && !order.isDescending })}
      >
        {label}
        {isSorted && <span aria-hidden="true">{order.isDescending ? ' ↓' : ' ↑'}</span>}
      </button>
    </th>
  );
}
