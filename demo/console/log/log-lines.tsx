import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { LogLine } from './log-line.tsx';
import type { LineList } from './run-log.ts';

/** As in the style sheet: of a line that does not wrap. */
const LINE_PX = 17;
/** Nearer to the end than this, one is at the end. */
const END_PX = 24;

/** The lines that are in view, of however many. Where it follows, it stays at the end, until a person scrolls up. */
export function LogLines({
  list,
  titleOf,
  search,
  current,
  isWrapped,
  isFollowing,
  onFollow,
}: {
  list: LineList;
  /** `null` where all lines are of one node. */
  titleOf: ((nodeId: string) => string) | null;
  search: string;
  /** The position of the line to show. */
  current: number | null;
  isWrapped: boolean;
  isFollowing: boolean;
  onFollow: (isFollowing: boolean) => void;
}) {
  const box = useRef<HTMLElement>(null);
  const scrolledTo = useRef(0);
  const virtual = useVirtualizer({
    count: list.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_PX,
    getItemKey: (index) => list.first + index,
    overscan: 20,
    anchorTo: 'end',
    followOnAppend: isFollowing,
    scrollEndThreshold: END_PX,
  });

  useLayoutEffect(() => {
    if (isFollowing) virtual.scrollToEnd();
  }, [isFollowing, virtual]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines keep their positions, but all of them have other heights
  useLayoutEffect(() => {
    virtual.measure();
    if (isFollowing) virtual.scrollToEnd();
  }, [isWrapped]);
  useEffect(() => {
    if (current !== null) virtual.scrollToIndex(current - list.first, { align: 'center' });
  }, [current, list, virtual]);

  const watch = () => {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = box.current ?? {};
    const wentUp = scrollTop < scrolledTo.current;
    scrolledTo.current = scrollTop;
    // Lines that come meanwhile move the end away, which is not the reader's doing.
    if (scrollHeight - scrollTop - clientHeight <= END_PX) onFollow(true);
    else if (wentUp) onFollow(false);
  };
  return (
    <section
      className="log"
      ref={box}
      onScroll={watch}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label="Log"
      data-wrapped={isWrapped}
    >
      <div className="log-lines" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const position = list.first + index;
          const line = list.at(position);
          return (
            line && (
              <div
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                className="log-row"
                style={{ transform: `translateY(${start}px)` }}
              >
                <LogLine
                  line={line}
                  from={titleOf?.(line.nodeId) ?? null}
                  search={search}
                  isCurrent={position === current}
                />
              </div>
            )
          );
        })}
      </div>
    </section>
  );
}
