import { memo } from 'react';
import { formatClock } from '../ui/format.ts';
import { sayGap } from './as-text.ts';
import { partsOf } from './line-search.ts';
import type { Line } from './run-log.ts';

/** One line, with its time, and a mark in the gutter where it went to the error output, or is the engine's own word. */
export const LogLine = memo(function LogLine({
  line: { stream, text, at, gap },
  from,
  search,
  isCurrent,
}: {
  line: Line;
  /** The title of its node; `null` where all lines are of one. */
  from: string | null;
  search: string;
  /** The match that a person is at. */
  isCurrent: boolean;
}) {
  return (
    <>
      {gap > 0 && <p className="log-gap">{sayGap(gap)}</p>}
      <div className="log-line" data-stream={stream} data-current={isCurrent}>
        {at !== undefined && (
          <time dateTime={new Date(at).toISOString()} title={new Date(at).toISOString()}>
            {formatClock(at)}
          </time>
        )}
        <span className="log-text">
          {stream === 'err' && <span className="sr-only">error output: </span>}
          {stream === 'engine' && <span className="sr-only">the engine: </span>}
          {from !== null && <span className="log-from">{from}</span>}
          {partsOf(text, search).map((part, index) =>
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a line do not move
            index % 2 === 1 ? <mark key={index}>{part}</mark> : part,
          )}
        </span>
      </div>
    </>
  );
});
