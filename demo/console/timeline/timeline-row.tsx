import { type CSSProperties, memo } from 'react';
import type { RunTime } from '../runs/run-time.ts';
import { formatDuration } from '../ui/format.ts';
import { StateIcon } from '../ui/state.tsx';
import { attemptsOf } from './attempts.ts';
import { barsOf } from './bars.ts';
import { placeIn, type Span } from './span.ts';
import { sayRow, type Told, tookMs } from './words.ts';

interface Props extends Told {
  readonly id: string;
  /** From 0, of `count` rows. */
  readonly index: number;
  readonly count: number;
  readonly top: number;
  readonly run: RunTime;
  readonly span: Span;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  readonly now: number;
  readonly onChoose: (nodeId: string) => void;
}

/** One node: its name, and its attempts as bars. */
export const TimelineRow = memo(function TimelineRow(props: Props) {
  const { id, index, count, top, step, node, waitsSince, isInChain, run, span, now } = props;
  const { isSelected, isActive, onChoose } = props;
  const newest = node && attemptsOf(node).at(-1);
  const text = sayRow({ step, node, waitsSince, isInChain }, run, now);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys for all of its rows
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and says which row is active
    <div
      role="option"
      id={id}
      className="timeline-row"
      style={{ top }}
      aria-label={text}
      aria-selected={isSelected}
      aria-setsize={count}
      aria-posinset={index + 1}
      data-active={isActive}
      data-chain={isInChain}
      title={text}
      onClick={() => onChoose(step.nodeId)}
    >
      <span className="timeline-name">
        <StateIcon state={node?.state ?? 'pending'} />
        <span className="timeline-title">{step.title}</span>
        <span className="timeline-took tabular">{newest && formatDuration(tookMs(newest, run, now))}</span>
      </span>
      <span className="timeline-bars">
        {barsOf(step, node, waitsSince).map(({ kind, state, from, to }) => {
          const style: CSSProperties = placeIn(span, from, to ?? now);
          return (
            <span
              key={`${kind} ${from}`}
              className="timeline-bar"
              data-kind={kind}
              data-state={state}
              style={style}
            />
          );
        })}
      </span>
    </div>
  );
});
