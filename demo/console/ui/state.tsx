import type { NodeState, RunState } from '../../engine/protocol.ts';
import { Icon, type IconName } from './icon.tsx';

type State = NodeState | RunState;

/** Never colour alone: each state has its word and its sign. */
export const STATE_WORDS: Record<State, string> = {
  pending: 'Pending',
  running: 'Running',
  waiting: 'Needs a decision',
  succeeded: 'Succeeded',
  failed: 'Failed',
  rejected: 'Rejected',
  skipped: 'Skipped',
  cancelled: 'Cancelled',
  interrupted: 'Interrupted',
};
const ICONS: Record<State, IconName> = {
  pending: 'dot',
  running: 'running',
  waiting: 'gate',
  succeeded: 'check',
  failed: 'cross',
  rejected: 'barred',
  skipped: 'next',
  cancelled: 'dash',
  interrupted: 'alert',
};

export function StateIcon({ state }: { state: State }) {
  return (
    <span className="state-icon" data-state={state}>
      <Icon name={ICONS[state]} />
    </span>
  );
}

export function StateBadge({ state }: { state: State }) {
  return (
    <span className="badge" data-state={state}>
      <Icon name={ICONS[state]} />
      {STATE_WORDS[state]}
    </span>
  );
}
