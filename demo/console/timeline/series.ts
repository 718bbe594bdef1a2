/** What a run used over its time, as far as it follows from what was measured of each attempt when it had ended. */
import { attemptsOf, type NodeEvent } from './attempts.ts';

/** From `at` on it is `value`, until the next step. */
export interface Step {
  readonly at: number;
  readonly value: number;
}

/** What was spent until then: an attempt's cost is known, and counts, at its end. */
export function costSteps(nodes: Iterable<NodeEvent>): readonly Step[] {
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
