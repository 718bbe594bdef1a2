import { useMemo } from 'react';
import { costSteps } from '../timeline/series.ts';
import { useLatest } from '../trunk.ts';

const WIDTH = 96;
const HEIGHT = 36;
const PAD = 3;

/**
 * How the money went: a step for each attempt that ended, and today's sum. It is made of the nodes' own costs, which every
 * tab has, and not of the updates that this tab happened to see.
 */
export function Trajectory({
  topic,
  startedAt,
  spent,
  budget,
  at,
}: {
  topic: string;
  startedAt: number;
  spent: number;
  budget: number;
  at: number;
}) {
  const nodes = useLatest(topic, 'node_state');
  const path = useMemo(() => {
    const steps = costSteps(nodes.values());
    const until = Math.max(at, steps.at(-1)?.at ?? startedAt, startedAt + 1);
    const x = (time: number) =>
      (PAD + ((WIDTH - 2 * PAD) * (time - startedAt)) / (until - startedAt)).toFixed(1);
    const top = Math.max(budget, spent) || 1;
    const y = (sum: number) => (HEIGHT - PAD - ((HEIGHT - 2 * PAD) * sum) / top).toFixed(1);
    let line = `M${x(startedAt)} ${y(0)}`;
    for (const step of steps) line += `H${x(step.at)}V${y(Math.min(spent, step.value))}`;
    line += `H${x(until)}V${y(spent)}`;
    return {
      line,
      area: `${line}V${y(0)}H${x(startedAt)}Z`,
      limit: y(budget),
      end: { x: x(until), y: y(spent) },
    };
  }, [nodes, startedAt, spent, budget, at]);
  return (
    <svg className="trajectory" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path className="trajectory-limit" d={`M0 ${path.limit}H${WIDTH}`} />
      <path className="trajectory-area" d={path.area} />
      <path className="trajectory-line" d={path.line} />
      <circle cx={path.end.x} cy={path.end.y} r="2.5" />
    </svg>
  );
}
