/** What a run used over its time, as far as it follows from what was measured of each attempt when it had ended. */
import type { NodeStateEvent } from '../../engine/events.ts';
import { attemptsOf } from './attempts.ts';

/** From `at` on it is `value`, until the next step. */
export interface Step {
  readonly at: number;
  readonly value: number;
}

/** What was spent until then: an attempt's cost is known, and counts, at its end. */
export function costSteps(nodes: Iterable<NodeStateEvent>): readonly Step[] {
  const changes: Change[] = [];
  for (const node of nodes) {
    let before = 0;
    for (const { finishedAt, metrics } of attemptsOf(node)) {
      if (finishedAt === null || metrics === undefined) continue;
      changes.push({ at: finishedAt, by: metrics.cost - before });
      before = metrics.cost;
    }
  }
  return summed(changes);
}

/** How many cores were busy: of each attempt its average, over all of its time. */
export function cpuSteps(nodes: Iterable<NodeStateEvent>): readonly Step[] {
  return overTheirTime(nodes, ({ cpuSeconds, durationMs }) =>
    durationMs > 0 ? (cpuSeconds * SECOND_MS) / durationMs : 0,
  );
}

/** How much memory was used, at most: of each attempt its peak, over all of its time. */
export function memorySteps(nodes: Iterable<NodeStateEvent>): readonly Step[] {
  return overTheirTime(nodes, ({ memoryBytes }) => memoryBytes);
}

export function highest(steps: readonly Step[]): number {
  return steps.reduce((most, { value }) => Math.max(most, value), 0);
}

const SECOND_MS = 1_000;

function overTheirTime(
  nodes: Iterable<NodeStateEvent>,
  usedBy: (metrics: NonNullable<NodeStateEvent['metrics']>) => number,
): readonly Step[] {
  const changes: Change[] = [];
  for (const node of nodes) {
    for (const { startedAt, finishedAt, metrics } of attemptsOf(node)) {
      if (finishedAt === null || metrics === undefined) continue;
      const value = usedBy(metrics);
      changes.push({ at: startedAt, by: value }, { at: finishedAt, by: -value });
    }
  }
  return summed(changes);
}

interface Change {
  readonly at: number;
  readonly by: number;
}

/** Changes of the same moment are one step. */
function summed(changes: readonly Change[]): readonly Step[] {
  const steps: Step[] = [];
  let value = 0;
  for (const { at, by } of [...changes].sort((a, b) => a.at - b.at)) {
    value += by;
    if (steps.at(-1)?.at === at) steps.pop();
    steps.push({ at, value });
  }
  return steps;
}
