import { formatCount } from '../ui/format.ts';
import { STATE_WORDS, StateIcon } from '../ui/state.tsx';
import { IN_FOCUS } from '../ui/urgency.ts';
import { useGraphActions } from './graph-context.ts';
import { nextOfState, type StateCount, useStates } from './states.ts';

interface Props {
  readonly nodeIds: readonly string[];
  readonly counts: readonly StateCount[];
}

/** How many nodes are in which state; what has to be looked at is one click away. */
export function StateCounts({ nodeIds, counts }: Props) {
  const { selected, select } = useGraphActions();
  const states = useStates();
  return (
    // `nokey`: Enter is the button's own, not that of the node around it.
    <ul className="state-counts nokey">
      {counts.map(({ state, count }) => (
        <li key={state}>
          {IN_FOCUS.has(state) ? (
            <button
              type="button"
              className="state-count"
              title={`Go to the next one: ${STATE_WORDS[state]}`}
              onClick={(event) => {
                event.stopPropagation();
                const next = nextOfState(nodeIds, states.get(), { state, after: selected });
                if (next !== null) select(next);
              }}
            >
              <Count state={state} count={count} />
              <span className="sr-only">, go to the next one</span>
            </button>
          ) : (
            <span className="state-count">
              <Count state={state} count={count} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Count({ state, count }: StateCount) {
  return (
    <>
      <StateIcon state={state} />
      <span className="tabular">{formatCount(count)}</span>{' '}
      <span className="state-count-word">{STATE_WORDS[state]}</span>
    </>
  );
}

export function StateBar({ counts }: { counts: readonly StateCount[] }) {
  return (
    <span className="state-bar" aria-hidden="true">
      {counts.map(({ state, count }) => (
        <span key={state} data-state={state} style={{ flexGrow: count }} />
      ))}
    </span>
  );
}
