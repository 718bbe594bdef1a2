import type { EventOf } from 'trunkline';
import type { ConsoleProtocol } from '../../engine/protocol.ts';

type Run = EventOf<ConsoleProtocol, 'run_state'>;

/**
 * How long something of a run took, between two moments of the server's clock. In a replay it is told in the time of what was
 * recorded, as all durations are there; else by the clock.
 */
export function durationIn({ replay }: Pick<Run, 'replay'>, from: number, to: number): number {
  return Math.max(0, to - from) * (replay?.speed ?? 1);
}
