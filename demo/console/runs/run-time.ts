import type { RunStateEvent } from '../../engine/events.ts';

/** As much of a run as tells in what time its durations are. */
export type RunTime = Pick<RunStateEvent, 'replay'>;

/**
 * How long something of a run took, between two moments of the server's clock. In a replay it is told in the time of what was
 * recorded, as all durations are there; else by the clock.
 */
export function durationIn({ replay }: RunTime, from: number, to: number): number {
  return Math.max(0, to - from) * (replay?.speed ?? 1);
}
