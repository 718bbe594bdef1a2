import { useLatest } from '../trunk.ts';
import { formatMoney } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { type BudgetLevel, budgetLeft, sayLeft } from './budget-level.ts';
import { Trajectory } from './trajectory.tsx';

/** Read out when it becomes so, and not again with each figure that follows. */
const ALOUD: Record<BudgetLevel, string> = {
  fine: '',
  low: 'Less than a fifth of the budget is left.',
  spent: 'The budget is spent.',
};

/** What was spent of the budget; it keeps its place before the first cost is known. */
export function Budget({ topic, startedAt }: { topic: string; startedAt: number }) {
  const cost = useLatest(topic, 'cost_update', 'cost');
  if (!cost) return <div className="budget" />;
  const { spent, budget, currency, at } = cost;
  const left = budgetLeft(spent, budget);
  const { level } = left;
  return (
    <section className="budget" data-level={level} aria-label="Budget">
      <div>
        <p className="budget-figures">
          <strong className="tabular">{formatMoney(spent, currency)}</strong> of{' '}
          {formatMoney(budget, currency)}
        </p>
        <p className="budget-left">
          {level !== 'fine' && <Icon name="alert" />}
          {sayLeft(left)}
        </p>
        <span className="sr-only" role="status">
          {ALOUD[level]}
        </span>
      </div>
      <Trajectory topic={topic} startedAt={startedAt} spent={spent} budget={budget} at={at} />
    </section>
  );
}
