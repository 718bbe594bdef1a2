import { type ReactNode, type Ref, useMemo } from 'react';
import type { NodeStateEvent, RunStateEvent } from '../../engine/events.ts';
import { runTopic } from '../../engine/protocol.ts';
import { budgetLeft, sayLeft } from '../runs/budget-level.ts';
import { useLatest } from '../trunk.ts';
import { formatBytes, formatMoney } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { costSteps, cpuSteps, highest, memorySteps, type Step } from './series.ts';
import { type Span, shareOf } from './span.ts';

/** What a run used over its time, under the clock of the rows above. */
export function Metrics({
  ref,
  run,
  nodes,
  span,
  now,
}: {
  ref: Ref<HTMLElement>;
  run: RunStateEvent;
  nodes: ReadonlyMap<string, NodeStateEvent>;
  span: Span;
  now: number;
}) {
  const { cpu, memory, cost } = useMemo(
    () => ({
      cpu: cpuSteps(nodes.values()),
      memory: memorySteps(nodes.values()),
      cost: costSteps(nodes.values()),
    }),
    [nodes],
  );
  const money = useLatest(runTopic(run.runId), 'cost_update', 'cost');
  const left = money && budgetLeft(money.spent, money.budget);
  const cores = highest(cpu);
  const bytes = highest(memory);
  return (
    <section ref={ref} className="timeline-metrics" aria-label="CPU, memory and cost over time">
      <Chart label="CPU" steps={cpu} top={cores} span={span} now={now}>
        {cpu.length === 0 ? 'Not known yet' : `${cores.toFixed(cores < 1 ? 2 : 1)} cores at most`}
      </Chart>
      <Chart label="Memory" steps={memory} top={bytes} span={span} now={now}>
        {memory.length === 0 ? 'Not known yet' : `${formatBytes(bytes)} at most`}
      </Chart>
      {money && left && (
        <Chart
          label="Cost"
          steps={cost}
          top={Math.max(money.budget, money.spent)}
          limit={money.budget}
          level={left.level}
          span={span}
          now={now}
        >
          {left.level !== 'fine' && <Icon name="alert" />}
          {formatMoney(money.spent, money.currency)} of {formatMoney(money.budget, money.currency)},{' '}
          {sayLeft(left)}
        </Chart>
      )}
      <p className="hint">Of tasks that have ended: average CPU and peak memory, over all of their time.</p>
    </section>
  );
}

const HEIGHT = 40;
const TOP = 4;
/** Of a drawing that is as wide as it has to be. */
const WIDTH = 10_000;

/** Steps, and beside them, in words, what matters of them. */
function Chart({
  label,
  steps,
  top,
  limit,
  level,
  span,
  now,
  children,
}: {
  label: string;
  steps: readonly Step[];
  /** The value at the upper edge. */
  top: number;
  limit?: number;
  level?: string;
  span: Span;
  now: number;
  children: ReactNode;
}) {
  const line = useMemo(() => {
    const x = (at: number) => (shareOf(span, at) * WIDTH).toFixed(1);
    const path = steps.map(({ at, value }) => `H${x(at)}V${heightOf(value, top)}`).join('');
    return `M0 ${HEIGHT}${path}H${x(now)}`;
  }, [steps, top, span, now]);
  return (
    <div className="timeline-chart" data-level={level}>
      <p className="timeline-chart-words">
        <strong>{label}</strong>
        <span className="tabular">{children}</span>
      </p>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path className="trajectory-area" d={`${line}V${HEIGHT}Z`} />
        <path className="trajectory-line" d={line} />
        {limit !== undefined && (
          <path className="trajectory-limit" d={`M0 ${heightOf(limit, top)}H${WIDTH}`} />
        )}
      </svg>
    </div>
  );
}

function heightOf(value: number, top: number): string {
  return (HEIGHT - ((HEIGHT - TOP) * value) / (top || 1)).toFixed(1);
}
