import type { NodeState } from '../../engine/protocol.ts';
import { formatCount, plural } from '../ui/format.ts';
import { STATE_WORDS } from '../ui/state.tsx';
import type { Filter } from './rows.ts';

/** Narrows the table by name, and by state: a switch for each state that there is, or that is switched on. */
export function NodeFilter({
  filter,
  onFilter,
  counts,
  shown,
  total,
}: {
  filter: Filter;
  onFilter: (filter: Filter) => void;
  counts: readonly (readonly [NodeState, number])[];
  shown: number;
  total: number;
}) {
  const { states, name } = filter;
  const known = new Map(counts);
  const gone = [...states].filter((state) => !known.has(state));
  const toggle = (state: NodeState) => {
    const chosen = new Set(states);
    if (!chosen.delete(state)) chosen.add(state);
    onFilter({ name, states: chosen });
  };
  return (
    <>
      <input
        type="search"
        className="node-filter-name"
        aria-label="Filter the nodes by name"
        placeholder="Filter by name"
        value={name}
        onChange={({ target }) => onFilter({ states, name: target.value })}
      />
      <fieldset className="node-filter-states">
        <legend className="sr-only">Show only these states</legend>
        {[...counts, ...gone.map((state) => [state, 0] as const)].map(([state, count]) => (
          <button
            key={state}
            type="button"
            className="chip"
            data-state={state}
            aria-pressed={states.has(state)}
            onClick={() => toggle(state)}
          >
            {STATE_WORDS[state]} <span className="tabular">{formatCount(count)}</span>
          </button>
        ))}
        <output className="hint tabular">
          {shown === total ? plural(total, 'node') : `${formatCount(shown)} of ${plural(total, 'node')}`}
        </output>
      </fieldset>
    </>
  );
}
