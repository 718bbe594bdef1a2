import { useMemo } from 'react';
import { durationIn, type RunTime } from '../runs/run-time.ts';
import { formatTick, placeIn, type Span, tickStep } from './span.ts';
import type { Seen } from './use-seen.ts';

const LEAST_GAP_PX = 84;

interface Tick {
  /** Since the run's begin, in its own time. */
  readonly ms: number;
  readonly left: string;
  readonly label: string;
}

/** The moments that are named, in what is seen of the timeline and a little around it. */
export function useTicks(run: RunTime, { from, to }: Span, seen: Seen, sheetWidth: number): readonly Tick[] {
  return useMemo(() => {
    const all = durationIn(run, from, to);
    if (seen.width === 0 || all === 0) return [];
    const step = tickStep(all, sheetWidth / LEAST_GAP_PX);
    const perPx = all / sheetWidth;
    const first = Math.max(0, Math.floor(((seen.left - seen.width) * perPx) / step));
    const last = Math.min(Math.floor(all / step), Math.ceil(((seen.left + 2.5 * seen.width) * perPx) / step));
    return Array.from({ length: last - first + 1 }, (_, index) => {
      const ms = (first + index) * step;
      return { ms, left: `${(100 * ms) / all}%`, label: formatTick(ms, step) };
    });
  }, [run, from, to, seen, sheetWidth]);
}

/** The line of moments above the rows; each row says in words what it shows of them. */
export function Axis({ ticks }: { ticks: readonly Tick[] }) {
  return (
    <div className="timeline-axis" aria-hidden="true">
      <div>
        {ticks.map(({ ms, left, label }) => (
          <span key={ms} className="tabular" style={{ left }}>
            {label}
          </span>
        ))}
      </div>
    </div>
  );
}

/** @param now of a run that goes on */
export function GridLines({ ticks, span, now }: { ticks: readonly Tick[]; span: Span; now: number | null }) {
  return (
    <div className="timeline-grid" aria-hidden="true">
      {ticks.map(({ ms, left }) => (
        <span key={ms} style={{ left }} />
      ))}
      {now !== null && <span className="timeline-now" style={{ left: placeIn(span, now, now).left }} />}
    </div>
  );
}
