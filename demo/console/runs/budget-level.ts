const WARN_BELOW = 0.2;

export type BudgetLevel = 'fine' | 'low' | 'spent';

/** How much of a budget is left, from 0 to 1, and whether that is to worry about. */
export function budgetLeft(spent: number, budget: number): { left: number; level: BudgetLevel } {
  const left = budget > 0 ? Math.max(0, 1 - spent / budget) : 0;
  return { left, level: left === 0 ? 'spent' : left < WARN_BELOW ? 'low' : 'fine' };
}

/** `18 % left` */
export function sayLeft({ left, level }: { left: number; level: BudgetLevel }): string {
  return level === 'spent' ? 'Budget spent' : `${Math.round(left * 100)} % left`;
}
