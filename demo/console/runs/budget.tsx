import { useLatest } from '../trunk.ts';
import { formatMoney } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { Trajectory } from './trajectory.tsx';

const WARN_BELOW = 0.2;

/** What was spent of the budget; it keeps its place before the first cost is known. */
export function Budget({ topic, startedAt }: { topic: string; startedAt: number }) {
  const cost = useLatest(topic, 'cost_update', 'cost');
  if (!cost) return <div className="budget" />;
  const { spent, budget, currency, at } = cost;
  const left = budget > 0 ? Math.max(0, 1 - spent / budget) : 0;
  const level = left === 0 ? 'spent' : left < WARN_BELOW ? 'low' : 'fine';
  return (
    <section className="budget" data-level={level} aria-label="Budget">
      <div>
        <p className="budget-figures">
          <strong className="tabular">{formatMoney(spent, currency)}</strong> of{' '}
          {formatMoney(budget, currency)}
        </p>
        <p className="budget-left" role={level === 'fine' ? undefined : 'status'}>
          {level !== 'fine' && <Icon name="alert" />}
          {level === 'spent' ? 'Budget spent' : `${Math.round(left * 100)} % left`}
        </p>
      </div>
      <Trajectory topic={topic} startedAt={startedAt} spent={spent} budget={budget} at={at} />
    </section>
  );
}
