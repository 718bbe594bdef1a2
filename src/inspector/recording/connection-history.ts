/** Which changes of the connection are steps of its history, and which only say more of the last one. */
import type { Connection } from '../../protocol/model.ts';

export interface ConnectionStep {
  /** Grows with each step. */
  readonly n: number;
  /** When this page heard of it, by the browser's clock, ms since 1970. */
  readonly at: number;
  /** As it was told last. */
  readonly connection: Connection;
}

/** So many steps are kept, the newest. */
const KEPT_STEPS = 200;

/** The history with this change; the array is another one. */
export function withStep(
  steps: readonly ConnectionStep[],
  connection: Connection,
  at: number,
): readonly ConnectionStep[] {
  const last = steps.at(-1);
  if (last && isSameStep(last.connection, connection))
    return [...steps.slice(0, -1), { ...last, connection }];
  return [...steps, { n: (last?.n ?? 0) + 1, at, connection }].slice(-KEPT_STEPS);
}

/** The round trip, the next try, or why it failed became known. */
function isSameStep(before: Connection, now: Connection): boolean {
  if (before.state === 'open' && now.state === 'open') return before.session === now.session;
  if (before.state === 'connecting' && now.state === 'connecting') return before.attempt === now.attempt;
  if (before.state === 'closed' && now.state === 'closed')
    return before.reason === now.reason && before.attempt === now.attempt;
  return before.state === now.state;
}
